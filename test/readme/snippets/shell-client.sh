#!/bin/sh
# usage: TOKEN=… shell-client.sh URL
# A program that may list the processes of this machine sees the token: use one that lives for seconds.
exec npx wscat --no-color --connect "$1" --wait 1 \
  --execute "{\"event\":\"authenticate\",\"data\":{\"token\":\"$TOKEN\"}}" \
  --execute '{"event":"hello"}'
