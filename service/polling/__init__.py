"""When integrations are asked: one supervised loop each, and guards against our own lateness."""

from service.polling.lag import LagMonitor
from service.polling.supervisor import Supervisor
from service.polling.tasks import supervised

__all__ = ["LagMonitor", "Supervisor", "supervised"]
