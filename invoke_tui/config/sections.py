"""Every key of ``invokeai.yaml``, declared once: type, bounds, default, meaning.

Each class is one section of the file, its first docstring line the heading. The key names, types and defaults of all
sections but ``Terminal`` are InvokeAI's; those are ours. The first file, ``config show``, ``docs/configuration.md``
and the settings screen are made from these declarations.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator

from invoke_tui.config.tokens import UrlToken
from invoke_tui.domain.gallery.names import wrong_template

LogLevel = Literal["debug", "info", "warning", "error", "critical"]
HashingAlgorithm = Literal[
    "blake3_multi", "blake3_single", "random", "md5", "sha1", "sha224", "sha256", "sha384", "sha512", "blake2b",
    "blake2s", "sha3_224", "sha3_256", "sha3_384", "sha3_512", "shake_128", "shake_256",
]  # fmt: skip
DEVICE_PATTERN = r"^(auto|cpu|mps|xpu(:\d+)?|cuda(:\d+)?)$"
RESERVED_PREFIXES = frozenset({"api", "ws", "static", "docs", "redoc", "openapi.json", "locales", "assets"})
Keys = Annotated[str, Field(min_length=1)]


def _number_where_digits(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isdecimal() else value


class Section(BaseModel):
    """One section of the file."""

    # The fields are inherited by ``Settings``; a section on its own is never instantiated.
    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid", protected_namespaces=())
    ours: ClassVar[bool] = False

    @classmethod
    def heading(cls) -> str:
        """Return the first line of the docstring."""
        return (cls.__doc__ or cls.__name__).strip().splitlines()[0].rstrip(".")


class Schema(Section):
    """The file itself."""

    schema_version: str = Field(
        default="4.0.3", description="Layout of this file. Not a setting: leave it as it is."
    )
    legacy_models_yaml_path: Path | None = Field(
        default=None, description="The models.yaml of an InvokeAI 3 installation. Not a setting."
    )


class Web(Section):
    """Web server: read for InvokeAI's sake; the studio listens on a Unix socket only."""

    host: str = Field(default="127.0.0.1", description="Address InvokeAI's web server binds to.")
    port: int = Field(default=9090, description="Port InvokeAI's web server binds to.")
    allow_origins: list[str] = Field(default=[], description="Allowed CORS origins.")
    allow_credentials: bool = Field(default=True, description="Allow CORS credentials.")
    allow_methods: list[str] = Field(default=["*"], description="Methods allowed for CORS.")
    allow_headers: list[str] = Field(default=["*"], description="Headers allowed for CORS.")
    ssl_certfile: Path | None = Field(default=None, description="Certificate file for HTTPS.")
    ssl_keyfile: Path | None = Field(default=None, description="Key file for HTTPS.")
    base_url: str | None = Field(
        default=None, description="Public base path behind a reverse proxy under a sub-path, e.g. /invoke."
    )
    forwarded_allow_ips: str = Field(
        default="127.0.0.1",
        description="Addresses (comma separated, or *) whose X-Forwarded-* headers are believed.",
    )
    http_compression_level: int = Field(
        default=9, ge=0, le=9, description="Compression of HTTP answers: 0 none, 1 fastest, 9 smallest."
    )

    @field_validator("base_url")
    @classmethod
    def _is_a_base_path(cls, value: str | None) -> str | None:
        path = (value or "").strip().strip("/")
        if not path:
            return None
        if not re.fullmatch(r"[A-Za-z0-9._~/-]+", path) or "//" in path or ".." in path.split("/"):
            raise ValueError("expected a plain path such as /invoke")
        if path.split("/")[0] in RESERVED_PREFIXES:
            raise ValueError(f"the first part may not be one of {', '.join(sorted(RESERVED_PREFIXES))}")
        return "/" + path


class Features(Section):
    """Features."""

    log_tokenization: bool = Field(default=False, description="Log the tokens of parsed prompts.")
    patchmatch: bool = Field(default=True, description="Enable patchmatch infill.")


class Folders(Section):
    """Folders. Relative ones start at the studio's data folder (or its root)."""

    models_dir: Path = Field(default=Path("models"), description="Installed models.")
    convert_cache_dir: Path = Field(
        default=Path("models/.convert_cache"), description="Deprecated: converted models of earlier versions."
    )
    download_cache_dir: Path = Field(
        default=Path("models/.download_cache"), description="Models downloaded on the way by nodes."
    )
    legacy_conf_dir: Path = Field(default=Path("configs"), description="Config files of old checkpoints.")
    db_dir: Path = Field(default=Path("databases"), description="The database.")
    outputs_dir: Path = Field(default=Path("outputs"), description="Pictures, in its folder images.")
    image_subfolder_strategy: Literal["flat", "date", "type", "hash"] = Field(
        default="flat",
        description="How pictures are spread over subfolders: not at all, by day, by kind, by hash.",
    )
    custom_nodes_dir: Path = Field(default=Path("nodes"), description="Custom nodes.")
    style_presets_dir: Path = Field(default=Path("style_presets"), description="Prompt templates.")
    workflow_thumbnails_dir: Path = Field(
        default=Path("workflow_thumbnails"), description="Thumbnails of saved workflows."
    )


class Logging(Section):
    """Logging."""

    log_handlers: list[str] = Field(
        default=["console"],
        description="Where the log goes: console, file=<path>, syslog=<path or address:host:port>, http=<url>.",
    )
    log_format: Literal["plain", "color", "syslog", "legacy"] = Field(
        default="color", description="Look of a line."
    )
    log_level: LogLevel = Field(default="info", description="Log messages of this level and above.")
    log_sql: bool = Field(default=False, description="Log SQL statements; needs log_level debug. Very long.")
    log_level_network: LogLevel = Field(default="warning", description="Level for network messages.")

    @field_validator("log_handlers")
    @classmethod
    def _known_handlers(cls, value: list[str]) -> list[str]:
        for handler in value:
            if handler != "console" and handler.partition("=")[0] not in ("file", "syslog", "http"):
                raise ValueError(f"{handler!r} is none of console, file=…, syslog=…, http=…")
        return value


class Development(Section):
    """Development."""

    use_memory_db: bool = Field(
        default=False, description="Keep the database in memory: all is lost at the end."
    )
    dev_reload: bool = Field(default=False, description="Reload when Python sources change.")
    profile_graphs: bool = Field(default=False, description="Profile graphs with cProfile.")
    profile_prefix: str | None = Field(default=None, description="Prefix of profile files.")
    profiles_dir: Path = Field(default=Path("profiles"), description="Where profiles go.")


class Cache(Section):
    """Model cache."""

    max_cache_ram_gb: float | None = Field(
        default=None, gt=0, description="RAM for the model cache in GB; unset: from the memory there is."
    )
    max_cache_vram_gb: float | None = Field(
        default=None,
        ge=0,
        description="VRAM for models in GB; unset: what is there, less device_working_mem_gb.",
    )
    log_memory_usage: bool = Field(default=False, description="Log memory around every cache operation.")
    model_cache_keep_alive_min: float = Field(
        default=0, ge=0, description="Minutes an unused model stays in the cache; 0 = for ever."
    )
    device_working_mem_gb: float = Field(
        default=3, description="VRAM in GB kept free for the work itself. Raise it when memory runs out."
    )
    enable_partial_loading: bool = Field(
        default=True, description="Stream what does not fit into VRAM from RAM: slower, but it runs."
    )
    keep_ram_copy_of_weights: bool = Field(
        default=True, description="Keep models in RAM while they are in VRAM: more RAM, faster switching."
    )
    ram: float | None = Field(default=None, gt=0, description="Deprecated and unused; see max_cache_ram_gb.")
    vram: float | None = Field(
        default=None, ge=0, description="Deprecated and unused; see max_cache_vram_gb."
    )
    lazy_offload: bool = Field(default=True, description="Deprecated and unused.")
    pytorch_cuda_alloc_conf: str | None = Field(
        default=None,
        description="torch's CUDA allocator, e.g. \"backend:cudaMallocAsync\"; unset: torch's own way.",
    )


class Device(Section):
    """Device."""

    device: str = Field(
        default="auto",
        pattern=DEVICE_PATTERN,
        description="Device to generate on: auto, cpu, mps, cuda, cuda:1, xpu, xpu:1.",
    )
    generation_devices: Literal["auto"] | list[str] = Field(
        default="auto",
        description="Devices that work side by side: auto (every GPU) or a list such as [cuda:0, cuda:1].",
    )
    offload_text_encoders_to_idle_gpus: bool = Field(
        default=True, description="With several GPUs, put text encoders on an idle one."
    )
    precision: Literal["auto", "float16", "bfloat16", "float32"] = Field(
        default="auto", description="Floating point precision. float16 takes half the memory of float32."
    )

    @field_validator("generation_devices")
    @classmethod
    def _are_devices(cls, value: str | list[str]) -> str | list[str]:
        if isinstance(value, str):
            return value
        if not value:
            raise ValueError("the list names no device")
        for device in value:
            if device == "auto" or not re.match(DEVICE_PATTERN, device):
                raise ValueError(f"{device!r} is none of cpu, mps, cuda, cuda:N, xpu, xpu:N")
        if len(set(value)) < len(value):
            raise ValueError("a device is named twice")
        return value


class Generation(Section):
    """Generation."""

    sequential_guidance: bool = Field(
        default=False, description="Calculate guidance one after the other: less memory, slower."
    )
    wan_memory_optimization: bool = Field(
        default=False, description="Experimental memory savings for Wan: slower."
    )
    pid_memory_optimization: bool = Field(
        default=False,
        description="Experimental memory savings for PiD decoding: about half the peak, other pixels.",
    )
    attention_type: Literal["auto", "normal", "xformers", "sliced", "torch-sdp"] = Field(
        default="auto", description="How attention is calculated."
    )
    attention_slice_size: Annotated[
        Literal["auto", "balanced", "max", 1, 2, 3, 4, 5, 6, 7, 8], BeforeValidator(_number_where_digits)
    ] = Field(default="auto", description="Slice size when attention_type is sliced.")
    force_tiled_decode: bool = Field(default=False, description="Decode in tiles: less memory, slower.")
    pil_compress_level: int = Field(
        default=1,
        ge=0,
        le=9,
        description="PNG compression: 0 none, 1 fast, 9 smallest. All keep every pixel.",
    )


class Queue(Section):
    """Queue."""

    max_queue_size: int = Field(default=10000, gt=0, description="Most items the queue takes.")
    session_queue_mode: Literal["FIFO", "round_robin"] = Field(
        default="round_robin", description="Order of work: first in first out, or each user in turn."
    )
    clear_queue_on_startup: bool = Field(default=False, description="Empty the queue when the daemon starts.")
    max_queue_history: int | None = Field(
        default=None, ge=0, description="Finished items kept when the daemon starts; unset: all, 0: none."
    )


class Nodes(Section):
    """Nodes."""

    allow_nodes: list[str] | None = Field(default=None, description="Node types allowed; unset: all.")
    deny_nodes: list[str] | None = Field(default=None, description="Node types denied; unset: none.")
    node_cache_size: int = Field(default=512, ge=0, description="Node results kept in memory.")


class Models(Section):
    """Model installation."""

    hashing_algorithm: HashingAlgorithm = Field(
        default="blake3_single",
        description="How installed models are hashed; random: not at all, an id is made up.",
    )
    remote_api_tokens: list[UrlToken] | None = Field(
        default=None, description="Tokens for downloads: a list of {url_regex: …, token: …}."
    )
    scan_models_on_startup: bool = Field(
        default=False, description="Register models found in models_dir at the start."
    )
    allow_private_download_urls: bool = Field(
        default=False, description="Allow downloads from this machine and its private network."
    )
    download_proxy: str | None = Field(default=None, description="HTTP proxy for downloads.")
    unsafe_disable_picklescan: bool = Field(
        default=False, description="Unsafe: do not check pickled models, which can run any code."
    )
    allow_unknown_models: bool = Field(
        default=True, description="Install models nobody can identify as unknown."
    )


class Users(Section):
    """Users: read for InvokeAI's sake; a studio belongs to one user."""

    multiuser: bool = Field(default=False, description="Multi-user mode of InvokeAI.")
    strict_password_checking: bool = Field(default=False, description="Ask for strong passwords.")


class External(Section):
    """External services."""

    external_alibabacloud_api_key: SecretStr | None = Field(
        default=None, description="Key for Alibaba Cloud."
    )
    external_alibabacloud_base_url: str | None = Field(
        default=None, description="Another address for Alibaba Cloud."
    )
    external_gemini_api_key: SecretStr | None = Field(default=None, description="Key for Gemini.")
    external_gemini_base_url: str | None = Field(default=None, description="Another address for Gemini.")
    external_openai_api_key: SecretStr | None = Field(default=None, description="Key for OpenAI.")
    external_openai_base_url: str | None = Field(default=None, description="Another address for OpenAI.")
    external_seedream_api_key: SecretStr | None = Field(default=None, description="Key for Seedream.")
    external_seedream_base_url: str | None = Field(default=None, description="Another address for Seedream.")


class Terminal(Section):
    """invoke-tui's own keys. InvokeAI knows none of them and refuses a file in which one is set."""

    ours: ClassVar[bool] = True

    theme: str = Field(
        default="auto", min_length=1, description="Colours of the screen; auto: what the terminal says."
    )
    keymap: dict[str, Keys] = Field(
        default={},
        description="Other keys for actions: {action id: keys, comma separated}. F1 shows the ids.",
    )
    image_protocol: Literal["auto", "kitty", "iterm2", "sixel", "blocks", "half", "ascii", "none"] = Field(
        default="auto", description="How pictures are shown; auto: the best this terminal can."
    )
    low_bandwidth: Literal["auto", "on", "off"] = Field(
        default="auto", description="Smaller and fewer pictures over the wire; auto: as measured."
    )
    preview_every: int = Field(default=1, ge=0, description="Steps between previews; 0 = none.")
    preview_seconds: float = Field(default=0.2, ge=0, description="Shortest time between previews.")
    idle_stop_minutes: float = Field(
        default=30, ge=0, description="The daemon stops after so long without front end and work; 0 = never."
    )
    worker_timeout_seconds: float = Field(
        default=60, gt=0, description="A worker without a sign of life for so long is replaced."
    )
    editor: str | None = Field(
        default=None, description="Editor for long texts; unset: $VISUAL, then $EDITOR."
    )
    image_name_template: str = Field(
        default="",
        description="Folders and names of new pictures, e.g. {date}/{model}/{seed}-{prompt:40}; "
        "empty: InvokeAI's. docs/gallery.md lists the fields.",
    )
    image_format: Literal["png", "webp", "jpeg"] = Field(
        default="png", description="Format of new pictures. All keep their metadata."
    )
    image_quality: int = Field(
        default=95, ge=1, le=100, description="Quality of WebP and JPEG; WebP of 100 keeps every pixel."
    )
    image_infotext: bool = Field(
        default=False, description="Write A1111's text into new pictures, beside InvokeAI's metadata."
    )
    wildcards_dirs: list[Path] = Field(
        default=[], description="Folders with wildcard files, beside the folder wildcards of the data folder."
    )
    prompt_history: bool = Field(default=True, description="Remember the prompts that were used.")
    default_model: str | None = Field(
        default=None,
        description="Key or name of the model to start with; unset: the last used, then the first.",
    )

    @field_validator("image_name_template")
    @classmethod
    def _is_a_template(cls, value: str) -> str:
        if value and (wrong := wrong_template(value)):
            raise ValueError(wrong)
        return value


SECTIONS: tuple[type[Section], ...] = (
    Schema, Terminal, Folders, Device, Cache, Generation, Queue, Nodes, Models, Logging, Features, Web, Users,
    External, Development,
)  # fmt: skip
"""In the order people see them."""
