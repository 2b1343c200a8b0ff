// SPDX-License-Identifier: Apache-2.0
#include "cdc/source/tls_options.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

namespace cdc {
namespace {

TEST(TlsOptionsTest, TheFileGivenGoesBeforeAll) {
  setenv("SSL_CERT_FILE", "/of/the/system.pem", 1);
  const Authorities found = AuthoritiesFor({.ca_file = "/given/ca.pem", .cert_file = "", .key_file = ""});
  unsetenv("SSL_CERT_FILE");
  EXPECT_EQ(found.file, "/given/ca.pem");
  EXPECT_EQ(found.directory, "");
}

TEST(TlsOptionsTest, WithoutOneTheSystemsIsTheFileThatOpenSslIsTold) {
  setenv("SSL_CERT_FILE", "/of/the/system.pem", 1);
  const Authorities found = AuthoritiesFor({});
  unsetenv("SSL_CERT_FILE");
  EXPECT_EQ(found.file, "/of/the/system.pem");
  EXPECT_EQ(found.directory, "");
}

TEST(TlsOptionsTest, WithoutBothItIsABundleWhereThereIsOne) {
  unsetenv("SSL_CERT_FILE");
  const Authorities found = AuthoritiesFor({});
  // Exactly one: the C client would look for links by hash in a directory that may have none.
  EXPECT_NE(found.file.empty(), found.directory.empty());
  if (access("/etc/ssl/certs/ca-certificates.crt", R_OK) == 0) {
    EXPECT_EQ(found.file, "/etc/ssl/certs/ca-certificates.crt");
  }
}

}  // namespace
}  // namespace cdc
