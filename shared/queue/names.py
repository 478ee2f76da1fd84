"""Task and queue names: the whole contract between who rings and who works. Imports nothing."""

from enum import StrEnum


class QueueName(StrEnum):
    """The queues that worker processes consume (Procfile, docker-compose.yml; a test compares them)."""

    LOOKUP = "lookup"
    LETTERS = "letters"
    DELIVERY = "delivery"
    RETRY = "retry"
    RECEIPTS = "receipts"
    MAIL = "mail"
    PERIODIC = "periodic"


class TaskName(StrEnum):
    """Every task. Whoever rings knows only the name."""

    PREPARE_SUBMISSIONS = "submissions.prepare"
    MAKE_LETTERS = "letters.make"
    DELIVER_LETTERS = "letters.deliver"
    RETRY_LETTERS = "letters.retry"
    APPLY_RECEIPTS = "receipts.apply"
    SEND_MAIL = "mail.send"
    SWEEP = "periodic.sweep"
    TIDY = "periodic.tidy"
    REHEARSE = "campaigns.rehearse"
    MAKE_EXPORTS = "exports.make"
    CHANGE_LETTERS = "letters.change"
    PREPARE_MAILINGS = "mail.prepare"


QUEUE_OF_TASK: dict[TaskName, QueueName] = {
    TaskName.PREPARE_SUBMISSIONS: QueueName.LOOKUP,
    TaskName.MAKE_LETTERS: QueueName.LETTERS,
    TaskName.DELIVER_LETTERS: QueueName.DELIVERY,
    TaskName.RETRY_LETTERS: QueueName.RETRY,
    TaskName.APPLY_RECEIPTS: QueueName.RECEIPTS,
    TaskName.SEND_MAIL: QueueName.MAIL,
    TaskName.SWEEP: QueueName.PERIODIC,
    TaskName.TIDY: QueueName.PERIODIC,
    TaskName.REHEARSE: QueueName.PERIODIC,
    TaskName.MAKE_EXPORTS: QueueName.PERIODIC,
    TaskName.CHANGE_LETTERS: QueueName.PERIODIC,
    TaskName.PREPARE_MAILINGS: QueueName.PERIODIC,
}
