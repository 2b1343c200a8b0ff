# SPDX-License-Identifier: Apache-2.0
"""A certificate authority of a test run, and certificates signed by it."""

import pathlib
import subprocess


def _openssl(*arguments):
    subprocess.run(['openssl', *map(str, arguments)], check=True,
                   capture_output=True)


class Authority:
    """Keys and certificates as PEM files in `folder`, made when missing."""

    def __init__(self, folder, name='outbox-relay test authority'):
        self._folder = pathlib.Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._key = self._folder / 'authority.key'
        self.certificate = self._folder / 'authority.pem'
        if not self.certificate.exists():
            _openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt',
                     'ec_paramgen_curve:prime256v1', '-nodes', '-days', 30,
                     '-subj', f'/CN={name}', '-keyout', self._key,
                     '-out', self.certificate)

    def issue(self, name, hosts=('127.0.0.1', 'localhost')):
        """Returns (certificate, key): for servers valid at `hosts`."""
        certificate = self._folder / f'{name}.pem'
        key = self._folder / f'{name}.key'
        if certificate.exists():
            return certificate, key
        request = self._folder / f'{name}.csr'
        names = ','.join(
            ('IP:' if host.replace('.', '').isdigit() else 'DNS:') + host
            for host in hosts)
        extensions = self._folder / f'{name}.ext'
        extensions.write_text(f'subjectAltName={names}\n')
        _openssl('req', '-new', '-newkey', 'ec', '-pkeyopt',
                 'ec_paramgen_curve:prime256v1', '-nodes', '-subj',
                 f'/CN={name}', '-keyout', key, '-out', request)
        _openssl('x509', '-req', '-days', 30, '-in', request, '-CA',
                 self.certificate, '-CAkey', self._key, '-CAcreateserial',
                 '-extfile', extensions, '-out', certificate)
        return certificate, key
