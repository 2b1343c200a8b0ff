{{- define "outbox-relay.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "outbox-relay.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "outbox-relay.selectorLabels" -}}
app.kubernetes.io/name: {{ include "outbox-relay.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "outbox-relay.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "outbox-relay.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "outbox-relay.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "outbox-relay.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "outbox-relay.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* A string as it is, a number as it was written (4000000000, not 4e+09). */}}
{{- define "outbox-relay.scalar" -}}
{{- if kindIs "string" . }}{{ . }}{{ else }}{{ toJson . }}{{ end -}}
{{- end -}}

{{/* A duration as the relay takes it (20s, 1m30s) in whole seconds; what it would refuse counts as 0. */}}
{{- define "outbox-relay.seconds" -}}
{{- $milliseconds := 0 -}}
{{- range regexFindAll "[0-9]+(ms|s|m|h)" (toString .) -1 -}}
{{- $unit := regexFind "[a-z]+" . -}}
{{- $milliseconds = add $milliseconds (mul (regexFind "[0-9]+" . | int64) (get (dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000) $unit)) -}}
{{- end -}}
{{- div (add $milliseconds 999) 1000 -}}
{{- end -}}

{{/* Values that the relay would refuse when it starts, or that would mean nothing to it. */}}
{{- define "outbox-relay.validate" -}}
{{- $tls := .Values.database.tls -}}
{{- if and $tls.existingSecret (not (hasPrefix "verify-" $tls.mode)) -}}
{{- fail (printf "database.tls.existingSecret holds a CA, which database.tls.mode=%s does not check: set database.tls.mode=verify-identity (or verify-ca)" $tls.mode) -}}
{{- end -}}
{{- if ne (empty $tls.certKey) (empty $tls.keyKey) -}}
{{- fail "database.tls.certKey and database.tls.keyKey go together: set both or none" -}}
{{- end -}}
{{- if and $tls.certKey (not $tls.existingSecret) -}}
{{- fail "database.tls.certKey and database.tls.keyKey are keys of database.tls.existingSecret: set it" -}}
{{- end -}}
{{- end -}}

{{/* What the relay, its jobs and the test share: one container, but for name, args,
     ports, probes and resources. */}}
{{- define "outbox-relay.container" -}}
image: {{ include "outbox-relay.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  {{- toYaml .Values.securityContext | nindent 2 }}
env:
  - name: DB_HOST
    value: {{ .Values.database.host | quote }}
  - name: DB_PORT
    value: {{ .Values.database.port | quote }}
  - name: DB_NAME
    value: {{ join "," .Values.database.names | quote }}
  - name: DB_OUTBOX_TABLE
    value: {{ .Values.database.outboxTable | quote }}
  - name: DB_USER
    {{- if .Values.database.user }}
    value: {{ .Values.database.user | quote }}
    {{- else }}
    valueFrom:
      secretKeyRef:
        name: {{ .Values.database.existingSecret }}
        key: {{ .Values.database.userKey }}
    {{- end }}
  - name: DB_PASS_FILE
    value: /etc/outbox-relay/database/password
  - name: DB_TLS
    value: {{ .Values.database.tls.mode | quote }}
  {{- if .Values.database.tls.existingSecret }}
  - name: DB_TLS_CA
    value: /etc/outbox-relay/database-tls/ca.crt
  {{- if and .Values.database.tls.certKey .Values.database.tls.keyKey }}
  - name: DB_TLS_CERT
    value: /etc/outbox-relay/database-tls/tls.crt
  - name: DB_TLS_KEY
    value: /etc/outbox-relay/database-tls/tls.key
  {{- end }}
  {{- end }}
  - name: KAFKA_HOST
    value: {{ join "," .Values.kafka.brokers | quote }}
  {{- if .Values.kafka.tls }}
  - name: TLS_ENABLE
    value: "true"
  {{- end }}
  {{- if .Values.kafka.existingSecret }}
  - name: KAFKA_CONFIG_FILE
    value: /etc/outbox-relay/kafka/client.properties
  {{- end }}
  {{- if .Values.kafka.properties }}
  - name: KAFKA_CONFIG
    value: |-
      {{- range $name, $value := .Values.kafka.properties }}
      {{ $name }}={{ include "outbox-relay.scalar" $value }}
      {{- end }}
  {{- end }}
  - name: HTTP_PORT
    value: {{ .Values.http.port | quote }}
  {{- range $name, $value := .Values.settings }}
  - name: {{ $name }}
    value: {{ include "outbox-relay.scalar" $value | quote }}
  {{- end }}
  {{- with .Values.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .Values.extraEnvFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumeMounts:
  - name: tmp
    mountPath: /tmp
  - name: database
    mountPath: /etc/outbox-relay/database
    readOnly: true
  {{- if .Values.database.tls.existingSecret }}
  - name: database-tls
    mountPath: /etc/outbox-relay/database-tls
    readOnly: true
  {{- end }}
  {{- if .Values.kafka.existingSecret }}
  - name: kafka
    mountPath: /etc/outbox-relay/kafka
    readOnly: true
  {{- end }}
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* The rest of a pod's spec that relay, jobs and test share. */}}
{{- define "outbox-relay.pod" -}}
serviceAccountName: {{ include "outbox-relay.serviceAccountName" . }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumes:
  - name: tmp
    emptyDir:
      sizeLimit: {{ .Values.spill.sizeLimit }}
  - name: database
    secret:
      secretName: {{ .Values.database.existingSecret }}
      defaultMode: 0440
      items:
        - key: {{ .Values.database.passwordKey }}
          path: password
  {{- if .Values.database.tls.existingSecret }}
  - name: database-tls
    secret:
      secretName: {{ .Values.database.tls.existingSecret }}
      defaultMode: 0440
      items:
        - key: {{ .Values.database.tls.caKey }}
          path: ca.crt
        {{- if and .Values.database.tls.certKey .Values.database.tls.keyKey }}
        - key: {{ .Values.database.tls.certKey }}
          path: tls.crt
        - key: {{ .Values.database.tls.keyKey }}
          path: tls.key
        {{- end }}
  {{- end }}
  {{- if .Values.kafka.existingSecret }}
  - name: kafka
    secret:
      secretName: {{ .Values.kafka.existingSecret }}
      defaultMode: 0440
      items:
        - key: {{ .Values.kafka.existingSecretKey }}
          path: client.properties
  {{- end }}
  {{- with .Values.extraVolumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* One CronJob that runs the relay once. root, name, flag, schedule, resources. */}}
{{- define "outbox-relay.cronjob" -}}
{{- $root := .root -}}
apiVersion: batch/v1
kind: CronJob
metadata:
  name: {{ include "outbox-relay.fullname" $root }}-{{ .name }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "outbox-relay.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .name }}
spec:
  schedule: {{ .job.schedule | quote }}
  concurrencyPolicy: Forbid
  successfulJobsHistoryLimit: {{ $root.Values.jobs.successfulJobsHistoryLimit }}
  failedJobsHistoryLimit: {{ $root.Values.jobs.failedJobsHistoryLimit }}
  jobTemplate:
    spec:
      backoffLimit: {{ $root.Values.jobs.backoffLimit }}
      activeDeadlineSeconds: {{ $root.Values.jobs.activeDeadlineSeconds }}
      template:
        metadata:
          labels:
            app.kubernetes.io/name: {{ include "outbox-relay.name" $root }}-{{ .name }}
            app.kubernetes.io/instance: {{ $root.Release.Name }}
            {{- with $root.Values.podLabels }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          {{- with $root.Values.podAnnotations }}
          annotations:
            {{- toYaml . | nindent 12 }}
          {{- end }}
        spec:
          restartPolicy: Never
          {{- include "outbox-relay.pod" $root | nindent 10 }}
          containers:
            - name: {{ .name }}
              args:
                - --{{ .name }}
                {{- with $root.Values.jobs.sidecarProxyUrl }}
                - --sidecar-proxy-url={{ . }}
                {{- end }}
              {{- include "outbox-relay.container" $root | nindent 14 }}
              {{- with .job.resources | default $root.Values.resources }}
              resources:
                {{- toYaml . | nindent 16 }}
              {{- end }}
{{- end -}}
