"""``/docs``: the OpenAPI document as one page of plain HTML, with nothing fetched from anywhere."""

import base64
import hashlib
from html import escape
from typing import Any, Final

_STYLE: Final = """
:root{color-scheme:light dark;
--ink:#1a1f2b;--paper:#fff;--soft:#5b6472;--line:#dfe3ea;--tint:#f5f7fa;--go:#0a7d4b}
@media(prefers-color-scheme:dark){:root{
--ink:#e6e9ef;--paper:#14171d;--soft:#9aa4b2;--line:#2b313c;--tint:#1b2028;--go:#4cc38a}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:54rem;padding:2rem 1.25rem 4rem;
font:16px/1.55 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
h1{margin:0;font-size:1.9rem}h1 small{font-size:.95rem;font-weight:400;color:var(--soft)}
h2{margin:2.2rem 0 .6rem;font-size:1.15rem;text-transform:capitalize}
code{font:.92em ui-monospace,SFMono-Regular,Menlo,monospace}
details{border:1px solid var(--line);border-radius:.5rem;margin:.45rem 0;overflow:hidden}
summary{padding:.6rem .9rem;cursor:pointer;background:var(--tint);
display:flex;gap:.7rem;flex-wrap:wrap;align-items:baseline}
summary b{color:var(--go);font-size:.8rem}summary span{color:var(--soft)}
.in{padding:.4rem .9rem .9rem}
h3{margin:.8rem 0 .3rem;font-size:.8rem;letter-spacing:.04em;
text-transform:uppercase;color:var(--soft)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.92rem}
td{padding:.3rem .8rem .3rem 0;border-top:1px solid var(--line);vertical-align:top}
td:first-child{white-space:nowrap}p{color:var(--soft)}a{color:inherit}
"""


_DIGEST: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
STYLE_ALONE: Final = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'"
"""The content security policy that lets the page have its style, and nothing else."""


def docs_page(document: dict[str, Any]) -> bytes:
    """Write the page."""
    sections = "".join(_section(tag, document) for tag in document["tags"])
    info = document["info"]
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(info['title'])} API</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(info['title'])} <small>{escape(info['version'])}</small></h1>"
        f"<p>{escape(info['description'])}</p>"
        '<p>For programs: <a href="openapi.json"><code>/openapi.json</code></a></p>'
        f"{sections}<h2>Schemas</h2>{_schemas(document)}</body></html>"
    )
    return html.encode()


def _section(tag: dict[str, str], document: dict[str, Any]) -> str:
    operations = "".join(
        _operation(path, item["get"])
        for path, item in document["paths"].items()
        if tag["name"] in item["get"]["tags"]
    )
    return f"<h2>{escape(tag['name'])}</h2><p>{escape(tag['description'])}</p>{operations}"


def _operation(path: str, operation: dict[str, Any]) -> str:
    parameters = "".join(
        _row(parameter["name"], _type(parameter["schema"]), parameter["description"])
        for parameter in operation.get("parameters", ())
    )
    responses = "".join(
        _row(status, _bodies(response), response["description"])
        for status, response in operation["responses"].items()
    )
    return (
        f"<details><summary><b>GET</b><code>{escape(path)}</code>"
        f"<span>{escape(operation['summary'])}</span></summary><div class=in>"
        f"{_table('Parameters', parameters)}{_table('Answers', responses)}</div></details>"
    )


def _schemas(document: dict[str, Any]) -> str:
    return "".join(
        f'<details id="{escape(name)}"><summary><code>{escape(name)}</code>'
        f"<span>{escape(schema.get('description', ''))}</span></summary><div class=in>"
        + _table("Members", _members(schema))
        + "</div></details>"
        for name, schema in document["components"]["schemas"].items()
    )


def _members(schema: dict[str, Any]) -> str:
    each = schema.get("additionalProperties")
    named = "".join(
        _row(name, _type(member), member.get("description", ""))
        for name, member in schema.get("properties", {}).items()
    )
    return named + (_row("each name", _type(each), "") if isinstance(each, dict) else "")


def _bodies(response: dict[str, Any]) -> str:
    return ", ".join(_type(body["schema"]) for body in response.get("content", {}).values())


def _type(schema: dict[str, Any]) -> str:
    """Write a schema's type in short, as HTML."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rsplit("/", 1)[-1])
        return f'<a href="#{name}">{name}</a>'
    if "enum" in schema:
        return " | ".join(f"<code>{escape(_word(value))}</code>" for value in schema["enum"])
    if "const" in schema:
        return f"<code>{escape(_word(schema['const']))}</code>"
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {_type(schema['items'])}"
    return escape(" | ".join(kind) if isinstance(kind, list) else kind)


def _word(value: object) -> str:
    return {None: "null", True: "true", False: "false"}.get(value, str(value))  # type: ignore[call-overload,no-any-return]


def _row(name: str, kind: str, text: str) -> str:
    return f"<tr><td><code>{escape(name)}</code></td><td>{kind}</td><td>{escape(text)}</td></tr>"


def _table(title: str, rows: str) -> str:
    return f"<h3>{title}</h3><div class=scroll><table>{rows}</table></div>" if rows else ""
