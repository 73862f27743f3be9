#!/bin/sh
# What uses the key: an app that takes it from its environment, and asks which models it may call. Prints the service's answer, 200 when all is well.
# The key goes to curl by its standard input: arguments are seen by everybody on the machine.
set -eu
: "${API_KEY:?the key, by: API_KEY=\"\$(pulumi stack output apiKey --show-secrets)\"}"
# In a shell of the local cloud (`make env`) its gateway plays the service.
address="${YANDEX_KEYS_SERVICES:+$YANDEX_KEYS_SERVICES/text-generation/}"
address="${address:-https://llm.api.cloud.yandex.net/v1/models}"
printf 'header = "Authorization: Api-Key %s"\n' "$API_KEY" |
    curl --silent --config - --output /dev/null --write-out '%{http_code}\n' "$address"
