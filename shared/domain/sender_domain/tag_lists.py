"""Tag lists such as `v=DMARC1; p=none`, which DKIM keys (RFC 6376) and DMARC records (RFC 9989) are."""


def read_tags(record: str) -> dict[str, str]:
    """The values by the names of their tags, which are lower case. Nothing is refused: unknown tags are allowed."""
    parts = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in parts if name.strip()}
