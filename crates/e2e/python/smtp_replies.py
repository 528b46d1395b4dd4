"""A handler for aiosmtpd that answers every recipient with the reply in SMTP_REPLY."""

import os


class Replies:
    async def handle_RCPT(self, server, session, envelope, address, options):
        return os.environ["SMTP_REPLY"]
