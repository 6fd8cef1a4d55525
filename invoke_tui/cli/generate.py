"""``generate``: from a prompt to files."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from invoke_tui.cli.call import Call
from invoke_tui.cli.forecast import print_forecast
from invoke_tui.cli.options import Json, Root, open_studio
from invoke_tui.cli.output import Output
from invoke_tui.cli.parameters import explain, flag, given_fields, loras
from invoke_tui.cli.pictures import picture_flags
from invoke_tui.cli.prompts_file import read_prompts
from invoke_tui.cli.save import Destination
from invoke_tui.cli.steering import CONTROL_HELP, REFERENCE_HELP, controls, references
from invoke_tui.cli.vary import dynamic_values, matrix
from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.request.parameters import PROMPT_LIMIT, GenerationRequest, LongPrompts
from invoke_tui.prompt.dynamic.scan import is_dynamic


@picture_flags
def generate(
    context: typer.Context,
    prompt: Annotated[
        str, typer.Argument(help="What the picture shows; - reads it from stdin.", show_default=False)
    ] = "",
    negative: Annotated[str, flag("negative_prompt", "--negative", "-n", metavar="TEXT")] = "",
    model: Annotated[str | None, flag("model", metavar="NAME")] = None,
    vae: Annotated[str | None, flag("vae", metavar="NAME")] = None,
    width: Annotated[int | None, flag("width")] = None,
    height: Annotated[int | None, flag("height")] = None,
    steps: Annotated[int | None, flag("steps")] = None,
    cfg_scale: Annotated[float | None, flag("cfg_scale")] = None,
    cfg_rescale: Annotated[float | None, flag("cfg_rescale_multiplier")] = None,
    guidance: Annotated[float | None, flag("guidance")] = None,
    scheduler: Annotated[str | None, flag("scheduler", metavar="NAME")] = None,
    seed: Annotated[int | None, flag("seed")] = None,
    count: Annotated[int, flag("count")] = 1,
    clip_skip: Annotated[int, flag("clip_skip")] = 0,
    long_prompts: Annotated[LongPrompts, flag("long_prompts")] = "chunks",
    ignored_to_negative: Annotated[bool, flag("ignored_to_negative")] = False,
    seamless: Annotated[
        str,
        typer.Option(
            "--seamless", help="Tile without a seam along x, y or x,y.", show_default=False, metavar="AXES"
        ),
    ] = "",
    t5_encoder: Annotated[str | None, flag("t5_encoder", metavar="NAME")] = None,
    clip_embed: Annotated[str | None, flag("clip_embed", metavar="NAME")] = None,
    clip_g: Annotated[str | None, flag("clip_g", metavar="NAME")] = None,
    lora: Annotated[
        list[str] | None,
        typer.Option(
            "--lora",
            help="A LoRA and how strongly it is applied, -10 to 10; can be given several times.",
            show_default=False,
            metavar="NAME:W",
        ),
    ] = None,
    control: Annotated[
        list[str] | None,
        typer.Option("--control", help=CONTROL_HELP, show_default=False, metavar="NAME=VALUE,…"),
    ] = None,
    reference: Annotated[
        list[str] | None,
        typer.Option("--reference", help=REFERENCE_HELP, show_default=False, metavar="NAME=VALUE,…"),
    ] = None,
    refiner: Annotated[str | None, flag("refiner_model", metavar="NAME")] = None,
    refiner_steps: Annotated[int, flag("refiner_steps")] = 20,
    refiner_cfg_scale: Annotated[float, flag("refiner_cfg_scale")] = 7.5,
    refiner_scheduler: Annotated[str, flag("refiner_scheduler", metavar="NAME")] = "euler",
    refiner_start: Annotated[float, flag("refiner_start")] = 0.8,
    template: Annotated[str | None, flag("template", metavar="NAME")] = None,
    preset: Annotated[
        str | None,
        typer.Option("--preset", help="Begin with the settings of this preset.", metavar="NAME"),
    ] = None,
    like: Annotated[
        str | None,
        typer.Option(
            "--like",
            help="Begin with what this picture says, all but its seed: a file, a name in the gallery, or last.",
            metavar="PICTURE",
        ),
    ] = None,
    take: Annotated[
        str,
        typer.Option(
            "--take",
            help="Of --like only these, e.g. prompt,seed,size,loras,control; all is with the seed.",
            show_default=False,
            metavar="NAMES",
        ),
    ] = "",
    prompts_file: Annotated[
        str | None,
        typer.Option(
            "--prompts-file", help="One prompt a line, # begins a comment; - reads stdin.", metavar="FILE"
        ),
    ] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            "--vary",
            help="Make pictures for each of these values, e.g. steps=20,30 or cfg=5:9:2; several multiply.",
            show_default=False,
            metavar="NAME=VALUES",
        ),
    ] = None,
    max_prompts: Annotated[int | None, flag("max_prompts")] = None,
    combinatorial: Annotated[
        bool | None,
        typer.Option(
            "--combinatorial/--random", help="Dynamic prompts: all combinations, or --count random draws."
        ),
    ] = None,
    dynamic: Annotated[
        bool | None, typer.Option("--dynamic/--no-dynamic", help="Expand {a|b} and wildcards in the prompt.")
    ] = None,
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", help="Copy the pictures to this file or folder.", metavar="FILE_OR_DIR"),
    ] = None,
    front: Annotated[
        bool, typer.Option("--front", help="Before everything that waits in the queue.")
    ] = False,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Enqueue and leave; the studio goes on.")
    ] = False,
    wait_cancel: Annotated[bool, typer.Option("--wait-cancel", help="Ctrl-C cancels the work.")] = False,
    forecast: Annotated[
        bool, typer.Option("--forecast", help="Say what one picture will take, and make none.")
    ] = False,
    preview: Annotated[
        bool | None, typer.Option("--preview/--no-preview", help="Show the pictures in this terminal.")
    ] = None,
    root: Root = None,
    json: Json = False,
    picture: dict[str, Any] | None = None,
) -> None:
    """Make pictures and wait for them."""
    output = Output(as_json=json)
    if no_wait and out:
        raise BadInputError("--out needs the pictures and --no-wait does not wait for them", code="bad_usage")
    if forecast and (no_wait or out):
        raise BadInputError(
            "--forecast makes no picture, so there is none for --out or --no-wait", code="bad_usage"
        )
    if (preset and like) or (take and not like):
        raise BadInputError("--preset or --like; --take is about --like", code="bad_usage")
    if bool(prompt) == bool(prompts_file) and not ((preset or like) and not prompt):
        raise BadInputError("a prompt or --prompts-file is needed, and not both", code="bad_usage")
    request = _request(
        positive_prompt=_prompt(prompt),
        negative_prompt=negative,
        model=model,
        vae=vae,
        width=width,
        height=height,
        steps=steps,
        cfg_scale=cfg_scale,
        cfg_rescale_multiplier=cfg_rescale,
        guidance=guidance,
        scheduler=scheduler,
        seed=seed,
        **({} if combinatorial is False and max_prompts is None else {"count": count}),
        clip_skip=clip_skip,
        long_prompts=long_prompts,
        ignored_to_negative=ignored_to_negative,
        t5_encoder=t5_encoder,
        clip_embed=clip_embed,
        clip_g=clip_g,
        loras=loras(lora or []),
        controls=controls(control or []),
        references=references(reference or []),
        refiner_model=refiner,
        refiner_steps=refiner_steps,
        refiner_cfg_scale=refiner_cfg_scale,
        refiner_scheduler=refiner_scheduler,
        refiner_start=refiner_start,
        template=template,
        **dynamic_values(dynamic, combinatorial, max_prompts, count),
        **_axes(seamless),
        **(picture or {}),
    )
    if preset:
        from invoke_tui.cli.presets import over_preset

        request = over_preset(open_studio(root), preset, request, given_fields(context))
    if like:
        from invoke_tui.cli.like import over_picture

        request = over_picture(open_studio(root), like, take, request, given_fields(context), output)
    requests = [request]
    if prompts_file:
        lines = read_prompts(prompts_file)
        requests = [request.model_copy(update={"positive_prompt": line}) for line in lines]
    varied = [made for one in requests for made in matrix(one, vary or [])]
    request = varied[0][0]
    if forecast:
        print_forecast(output, open_studio(root), request)
        return
    call = Call(
        output, open_studio(root), request, front=front, no_wait=no_wait, cancel_on_interrupt=wait_cancel
    )
    call.more = [one for one, _ in varied[1:]]
    call.labels = [tuple(f"{name}={value}" for name, value in chosen) for _, chosen in varied] if vary else []
    # a dynamic prompt may stand for many pictures: number the files whenever there could be more than one
    several = len(varied) > 1 or request.count > 1 or is_dynamic(request.positive_prompt)
    call.destination = Destination.parse(out, 2 if several else 1) if out else None
    call.preview = output.on_terminal if preview is None else preview and not json
    code = call.run()
    if code:
        raise typer.Exit(code)


def _prompt(text: str) -> str:
    if text != "-":
        return text
    data = sys.stdin.buffer.read(4 * PROMPT_LIMIT + 1)
    try:
        return data.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise BadInputError("the prompt on stdin is not UTF-8 text", code="bad_value") from error


def _axes(text: str) -> dict[str, bool]:
    axes = {part.strip().lower() for part in text.split(",") if part.strip()}
    if axes - {"x", "y"}:
        raise BadInputError(f"--seamless {text}: expected x, y or x,y", code="bad_value")
    return {"seamless_x": "x" in axes, "seamless_y": "y" in axes}


def _request(**values: Any) -> GenerationRequest:
    try:
        return GenerationRequest(**values)
    except ValidationError as error:
        raise explain(error) from error
