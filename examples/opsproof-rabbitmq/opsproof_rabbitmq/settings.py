"""How a RabbitMQ is reached."""

from opsproof.sdk import CERTIFICATE, WebSettings


class RabbitmqSettings(WebSettings):
    """The management API of a RabbitMQ node or cluster: a url, username and password, `ca`."""

    identities = ("cluster-name", CERTIFICATE)
