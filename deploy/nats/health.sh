#!/bin/sh
# The broker's health check. A full disk leaves the server closed until it is started again, even when there is
# room: a server that was well and then stayed ill for NATS_PATIENCE checks is ended here, and the restart
# policy brings it back. One that is still reading its store was never well, and is left alone.
cd /tmp || exit 1
if wget -q -O /dev/null http://127.0.0.1:8222/healthz; then
  : >well
  rm -f ill
  exit 0
fi
if [ -e well ]; then
  echo ill >>ill
  if [ "$(wc -l <ill)" -ge "$NATS_PATIENCE" ]; then
    echo 'ill for too long: ended, to be started again'
    kill -TERM 1
  fi
fi
exit 1
