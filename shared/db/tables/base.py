"""What every table shares: naming of constraints, the key, moments in time, state columns."""

from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Identity, MetaData, Text, func

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def key() -> Column[int]:
    """The row's own number."""
    return Column("id", BigInteger, Identity(), primary_key=True)


def moment(name: str, *, nullable: bool = True) -> Column[object]:
    """A point in time, with time zone."""
    return Column(name, DateTime(timezone=True), nullable=nullable)


def stamp(name: str) -> Column[object]:
    """A point in time that the database fills in."""
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.now())


def one_of(name: str, words: type[StrEnum]) -> CheckConstraint:
    """The column `name` holds one of the enum's words, or NULL where the column allows it."""
    listed = ", ".join(f"'{word.value}'" for word in words)
    return CheckConstraint(f"{name} IN ({listed})", name=f"{name}_known")


def text(name: str, *, default: str | None = "") -> Column[str]:
    """Text that is never NULL; `default=None` makes it required."""
    return Column(name, Text, nullable=False, server_default=default)
