"""``python -m bench``: run every benchmark, print the results, write ``docs/benchmarks.md``."""

from bench import fleet, hanging, scale, start
from bench.report import table, write


def main() -> None:
    """Measure all."""
    hanging_table = table(hanging.measure())
    print(hanging_table, flush=True)
    start_table = table(start.measure())
    print(start_table, flush=True)
    scale_table = table(scale.measure())
    print(scale_table, flush=True)
    spent = "\n".join(f"- {name}: {ms:.0f} ms" for name, ms in start.where_time_goes())
    print(spent)
    write(
        [
            (
                "A backend that hangs",
                (
                    f"Two services, one whose backend is well and one whose backend accepts and"
                    f" never answers, both polled every second, loaded in turns by `wrk -t1 -c8`"
                    f" for {hanging.SECONDS} s, {hanging.ROUNDS} rounds."
                ),
                hanging_table,
            ),
            (
                "A large fleet",
                (
                    f"{fleet.SERVERS} integrations, half of them Ollama and half vLLM, with"
                    f" {fleet.MODELS} models each that never change, all in one process and polled"
                    f" every {scale.INTERVAL} s. After {scale.WARM_UP} s a"
                    f" service runs by itself for {scale.SECONDS} s. Beside it runs another with a"
                    f" watch on its event loop: a tick every millisecond, and the most CPU time of"
                    f" the loop's thread between two of them, which other work on the machine does"
                    f" not lengthen."
                ),
                scale_table,
            ),
            (
                "Start and memory",
                f"{start.ROUNDS} rounds in turns, asked every 2 ms until the first 200.",
                (
                    f"{start_table}\n\nWhere the time of importing goes, each package for itself"
                    f" (`python -X importtime`):\n\n{spent}"
                ),
            ),
        ]
    )


if __name__ == "__main__":
    main()
