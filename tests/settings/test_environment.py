"""Variables that are settings win over the file; all others are told apart or complained of."""

from pathlib import Path

import pytest

from service.settings import Settings, SettingsError, load


def said(environ: dict[str, str], path: Path | None = None) -> str:
    with pytest.raises(SettingsError) as caught:
        load(path, environ)
    return str(caught.value)


def test_a_variable_wins_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "rollcall.yaml"
    path.write_text("server: {port: 1, host: 127.0.0.1}")
    server = load(path, {"ROLLCALL_SERVER__PORT": "9000"}).server
    assert (server.port, server.host) == (9000, "127.0.0.1")


@pytest.mark.parametrize(
    ("variable", "value", "section", "name", "expected"),
    [
        ("ROLLCALL_POLLING__INTERVAL", "1m", "polling", "interval", 60.0),
        ("ROLLCALL_POLLING__INTERVAL", "20", "polling", "interval", 20.0),
        ("ROLLCALL_SERVER__ACCESS_LOG", "true", "server", "access_log", True),
        ("ROLLCALL_SERVER__HOST", "::", "server", "host", "::"),
        ("ROLLCALL_CATALOGUE__DEFAULT_MODEL", "null", "catalogue", "default_model", None),
        ("ROLLCALL_CATALOGUE__DEFAULT_MODEL", "qwen3:8b", "catalogue", "default_model", "qwen3:8b"),
        ("ROLLCALL_CATALOGUE__DEFAULT_MODEL", '"2024"', "catalogue", "default_model", "2024"),
        ("ROLLCALL_CATALOGUE__DEFAULT_MODEL", "=", "catalogue", "default_model", "="),
        ("ROLLCALL_HEALTH__MIN_HEALTHY", "50%", "health", "min_healthy", "50%"),
        ("ROLLCALL_LOG__LEVEL", "debug", "log", "level", "debug"),
    ],
)
def test_a_value_is_read_as_yaml_reads_it(
    variable: str, value: str, section: str, name: str, expected: object
) -> None:
    assert getattr(getattr(load(None, {variable: value}), section), name) == expected


def test_what_kubernetes_injects_for_a_service_is_no_setting() -> None:
    injected = {
        "ROLLCALL_PORT": "tcp://10.0.0.1:80",
        "ROLLCALL_SERVICE_HOST": "10.0.0.1",
        "ROLLCALL_SERVICE_PORT_HTTP": "80",
        "ROLLCALL_PORT_8080_TCP_ADDR": "10.0.0.1",
        "ROLLCALL_SERVER_PORT": "tcp://10.0.0.2:80",
        "ROLLCALL_CONFIG": "ignored here",
        "rollcall_server__port": "1",
        "OTHER__THING": "1",
    }
    assert load(None, injected) == Settings()


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        ("SERVER__PORT", "eighty", "expected a whole number from 0 to 65535, found 'eighty'"),
        ("SERVER__PORT", "", "expected a value, found none; unset it instead"),
        ("SERVER__PROT", "1", "unknown setting; did you mean 'ROLLCALL_SERVER__PORT'?"),
        ("SERVERR__PORT", "1", "unknown setting; did you mean 'ROLLCALL_SERVER__PORT'?"),
        ("server__port", "1", "unknown setting; did you mean 'ROLLCALL_SERVER__PORT'?"),
        ("INTEGRATIONS__HOST", "http://gpu", "unknown setting"),
        ("CATALOGUE__ALIASES", "{a: b}", "unknown setting"),
        ("POLLING__INTERVAL", "3s", "expected a duration above polling.timeout (5s), found 3s"),
        ("FLUX__CAPACITOR", "sk-hush", "unknown setting"),
    ],
)
def test_a_wrong_variable_is_named(variable: str, value: str, complaint: str) -> None:
    line = said({f"ROLLCALL_{variable}": value})
    assert line.startswith(f"ROLLCALL_{variable}: {complaint}")
    assert "hush" not in line


def test_the_variable_is_named_where_two_settings_clash(tmp_path: Path) -> None:
    path = tmp_path / "rollcall.yaml"
    path.write_text("polling: {timeout: 4s}\nintegrations: [{name: a, type: ollama, timeout: 3s}]")
    beyond = "expected a duration below ROLLCALL_POLLING__INTERVAL (2s), found"
    assert said({"ROLLCALL_POLLING__INTERVAL": "2s"}, path).splitlines() == [
        f"polling.timeout: {beyond} 4s",
        f"integrations[0].timeout: {beyond} 3s",
    ]


def test_file_and_environment_are_complained_of_together(tmp_path: Path) -> None:
    path = tmp_path / "rollcall.yaml"
    path.write_text("server: {port: eighty, prot: 1}\nlog: quiet\n")
    environ = {"ROLLCALL_SERVER__PORT": "x", "ROLLCALL_LOG__LEVEL": "info", "ROLLCALL_A__B": "1"}
    assert said(environ, path).splitlines() == [
        "ROLLCALL_A__B: unknown setting",
        "ROLLCALL_SERVER__PORT: expected a whole number from 0 to 65535, found 'x'",
        "server.prot: unknown setting; did you mean 'port'?",
        "log: expected a mapping of settings, found 'quiet'",
    ]


def test_a_variable_cannot_forge_a_line() -> None:
    assert said({"ROLLCALL_A__\nB": "1"}) == "'ROLLCALL_A__\\nB': unknown setting"
