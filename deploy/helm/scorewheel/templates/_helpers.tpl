{{- define "scorewheel.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 52 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "scorewheel.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "scorewheel.labels" -}}
{{ include "scorewheel.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "scorewheel.serviceAccount" -}}
{{ default (include "scorewheel.name" .) .Values.serviceAccount.name }}
{{- end }}

{{- /* The variable that names a file for a setting; a setting of librdkafka has dots of its own. */ -}}
{{- define "scorewheel.variable" -}}
{{- if hasPrefix "kafka.settings." . -}}
SCOREWHEEL__KAFKA__SETTINGS__{{ trimPrefix "kafka.settings." . | upper | replace "." "_" }}_FILE
{{- else -}}
SCOREWHEEL__{{ upper . | replace "." "__" | replace "-" "_" }}_FILE
{{- end -}}
{{- end }}
