"""``rollcall check URL...`` and ``check --discover``: servers of which nothing is known."""

import asyncio
import json
import shutil
import textwrap
from collections.abc import Sequence

from service.cli import complain
from service.cli.contacts import for_people, for_programs, snippet
from service.integrations import discovery
from service.integrations.credentials import Credential
from service.integrations.errors import IntegrationError
from service.integrations.first_contact import Contact, first_contact


def check_addresses(
    addresses: Sequence[str], *, env: str | None, file: str | None, as_json: bool
) -> int:
    """Ask who answers at each address: 0 if all of them give their list.

    Args:
        addresses: hosts, host:port or URLs.
        env: the variable that holds the key, if one is needed.
        file: the file that holds it.
        as_json: whether to print for programs.

    Raises:
        ValueError: one is no address.
    """
    credential = Credential.named(env, file)
    if credential is not None:
        try:
            credential.read()
        except IntegrationError:
            return complain(f"{env or file}: there is no key that could be sent")
    contacts = asyncio.run(_all(addresses, credential))
    ok = all(contact.well for contact in contacts)
    _print(contacts, ok=ok, as_json=as_json)
    return 0 if ok else 1


def check_this_machine(*, as_json: bool) -> int:
    """Look for model servers on the ports that are usual: 0 if one gives its list."""
    contacts = asyncio.run(discovery.discover())
    ok = any(contact.well for contact in contacts)
    if contacts or as_json:
        _print(contacts, ok=ok, as_json=as_json)
    else:
        ports = ", ".join(str(item.port) for item in discovery.WELL_KNOWN)
        said = f"No model server answers on this machine. Ports that were tried: {ports}"
        print(textwrap.fill(said, _width()))
    if ok and not as_json:
        print(f"\nTo poll what is well, put this into the configuration:\n\n{snippet(contacts)}")
    return 0 if ok else 1


async def _all(addresses: Sequence[str], credential: Credential | None) -> list[Contact]:
    return await asyncio.gather(
        *(first_contact(address, credential=credential) for address in addresses)
    )


def _print(contacts: Sequence[Contact], *, ok: bool, as_json: bool) -> None:
    if as_json:
        print(json.dumps(for_programs(contacts, ok=ok), indent=2))
    else:
        print(for_people(contacts, width=_width()))


def _width() -> int:
    return shutil.get_terminal_size((80, 24)).columns
