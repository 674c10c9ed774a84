#!/bin/sh
# On the host, as root:
#   useradd --system --create-home --shell /bin/sh $user
#   install -m 755 $role.sh /usr/local/bin/opsproof-allowed
# and one line in ~$user/.ssh/authorized_keys, which lets the key run this and nothing else:
#   restrict,command="/usr/local/bin/opsproof-allowed" ssh-ed25519 REPLACE-WITH-THE-PUBLIC-KEY
case "$$SSH_ORIGINAL_COMMAND" in
$commands*) exit 126 ;;
esac
exec /bin/sh -c "$$SSH_ORIGINAL_COMMAND"
