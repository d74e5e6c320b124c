{{- /* What values.schema.json could say only by a pattern, which helps nobody who misspelt a URL. */ -}}

{{- define "latchkey.externalURL" -}}
{{- $url := required "externalURL is missing: write where people's browsers reach Latchkey, such as externalURL=https://login.example.com" .Values.externalURL -}}
{{- include "latchkey.origin" (list . "externalURL" $url) -}}
{{- end }}

{{- /* (list ROOT NAME URL) */ -}}
{{- define "latchkey.origin" -}}
{{- $root := index . 0 }}{{ $name := index . 1 }}{{ $url := index . 2 -}}
{{- if not (regexMatch "^https?://[^/?#@\\s]+/?$" $url) -}}
{{- fail (printf "%s: %s: write scheme, host and port alone, such as https://login.example.com" $name $url) -}}
{{- end -}}
{{- if and (hasPrefix "http://" $url) (not $root.Values.allowHTTP) -}}
{{- fail (printf "%s: %s: must begin with https://; for development, set allowHTTP=true" $name $url) -}}
{{- end -}}
{{- $url -}}
{{- end }}

{{- /* (list NAME NETWORK) */ -}}
{{- define "latchkey.network" -}}
{{- $name := index . 0 }}{{ $network := index . 1 -}}
{{- if not (regexMatch "^[0-9A-Fa-f.:]+/[0-9]{1,3}$" $network) -}}
{{- fail (printf "%s: %s: write a network, such as 10.244.0.0/16" $name $network) -}}
{{- end -}}
{{- $network -}}
{{- end }}

{{- define "latchkey.mailFrom" -}}
{{- if and .Values.mailFrom (not ((.Values.smtp).urlSecretRef).name) -}}
{{- fail "mailFrom goes with smtp.urlSecretRef.name: name the Secret that has the URL of the mail server" -}}
{{- end -}}
{{- if and ((.Values.smtp).urlSecretRef).name (not .Values.mailFrom) -}}
{{- fail "smtp.urlSecretRef.name goes with mailFrom: write on whose behalf mails go out, such as no-reply@example.com" -}}
{{- end -}}
{{- .Values.mailFrom -}}
{{- end }}

{{- define "latchkey.image" -}}
{{- $repository := required "image.repository is missing: no image is published yet; build one with the Dockerfile, push it to your registry, and name it here" .Values.image.repository -}}
{{- printf "%s:%s" $repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end }}
