"""First contact: which engine is behind an address, what it has, and the exact cause if it fails.

For people at a terminal who have just typed an address, so what they are told may name it.
Nothing in here is part of polling, or of anything that anonymous callers see.
"""

from service.integrations.first_contact.contact import Contact
from service.integrations.first_contact.findings import Cause, Finding
from service.integrations.first_contact.meeting import first_contact

__all__ = ["Cause", "Contact", "Finding", "first_contact"]
