{{- /* All that Latchkey does where its manifests are: it reads them and what they refer to, and tells what became of them.
No verb tells Secrets by their labels, so that it may list all of them; those without the label it lists by name alone. */ -}}
{{- define "latchkey.rules" -}}
- apiGroups: [latchkey.dev]
  resources: [identityproviders, idpmappers, organizations]
  verbs: [list, watch]
- apiGroups: [latchkey.dev]
  resources: [identityproviders/status, idpmappers/status, organizations/status]
  verbs: [patch]
- apiGroups: [""]
  resources: [secrets, configmaps]
  verbs: [list, watch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create]
{{- end }}

{{- define "latchkey.subjects" -}}
- kind: ServiceAccount
  name: {{ include "latchkey.serviceAccountName" . }}
  namespace: {{ .Release.Namespace }}
{{- end }}
