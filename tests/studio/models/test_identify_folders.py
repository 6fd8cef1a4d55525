"""Identification of folders by their small JSON files, well-meant and hostile."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from invoke_tui.studio.models.headers.header import Header, UnreadableError
from invoke_tui.studio.models.identify import identify
from invoke_tui.studio.models.scan import examine
from tests.studio.models.made import PEFT, header, lay_out, pair


class TestFolders:
    def read(self, path: Path) -> Header:
        try:
            return header(json.loads(path.read_text()))
        except ValueError as error:
            raise UnreadableError("it ends too early") from error

    def test_ip_adapter_of_invokeai(self, tmp_path: Path) -> None:
        weights = {"image_proj.proj.weight": [1, 1], "ip_adapter.1.to_k_ip.weight": [640, 2048]}
        folder = lay_out(
            tmp_path / "ip",
            {"image_encoder.txt": "InvokeAI/ip_adapter_sdxl_image_encoder", "ip_adapter.bin": weights},
        )
        verdict = identify(folder, peek=self.read)
        assert (verdict.type, verdict.base, verdict.format) == ("ip_adapter", "sdxl", "invokeai")
        assert "not looked at" in identify(folder).reason
        (folder / "ip_adapter.bin").write_text("")
        assert "it ends too early" in identify(folder, peek=self.read).reason

    def test_lora_and_embedding_folders(self, tmp_path: Path) -> None:
        keys = pair("unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k", 768, **PEFT)
        folder = lay_out(tmp_path / "lora", {"pytorch_lora_weights.safetensors": keys})
        verdict = identify(folder, peek=self.read)
        assert (verdict.type, verdict.base, verdict.format) == ("lora", "sd-1", "diffusers")
        folder = lay_out(tmp_path / "ti", {"learned_embeds.bin": {"<cat>": [768]}})
        verdict = identify(folder, peek=self.read)
        assert (verdict.type, verdict.format) == ("embedding", "embedding_folder")

    def test_flux_and_z_image_variants(self, tmp_path: Path) -> None:
        folder = lay_out(
            tmp_path / "f",
            {
                "model_index.json": {"_class_name": "FluxPipeline"},
                "transformer/config.json": {"guidance_embeds": True},
            },
        )
        assert identify(folder).variant == "dev"
        folder = lay_out(
            tmp_path / "z",
            {
                "model_index.json": {"_class_name": "ZImagePipeline"},
                "scheduler/scheduler_config.json": {"shift": 3.0},
            },
        )
        verdict = identify(folder)
        assert (verdict.base, verdict.variant, verdict.default_settings.steps) == ("z-image", "turbo", 9)

    def test_flux_redux_with_and_without_what_it_looks_through(self, tmp_path: Path) -> None:
        index = {
            "_class_name": "FluxPriorReduxPipeline",
            "image_embedder": ["flux", "ReduxImageEncoder"],
            "image_encoder": ["transformers", "SiglipVisionModel"],
            "feature_extractor": ["transformers", "SiglipImageProcessor"],
        }
        whole = identify(lay_out(tmp_path / "whole", {"model_index.json": index}))
        assert (whole.type, whole.base, whole.format) == ("flux_redux", "flux", "diffusers")
        assert whole.submodels == ("image_embedder", "image_encoder")
        config = {"_class_name": "ReduxImageEncoder", "redux_dim": 1152}
        alone = identify(lay_out(tmp_path / "alone", {"config.json": config, "model.safetensors": "x"}))
        assert (alone.type, alone.base, alone.submodels) == ("flux_redux", "flux", ())

    def test_quantised_folders(self, tmp_path: Path) -> None:
        sdnq = {"quantization_config": {"quant_method": "sdnq"}}
        files = {"model_index.json": {"_class_name": "FluxPipeline"}, "transformer/config.json": sdnq}
        verdict = identify(lay_out(tmp_path / "f", files))
        assert (verdict.base, verdict.format) == ("flux", "sdnq_quantized")
        config = {"architectures": ["T5EncoderModel"]}
        files = {"text_encoder_2/config.json": config, "text_encoder_2/bnb_llm_int8.safetensors": "x"}
        verdict = identify(lay_out(tmp_path / "t5", files))
        assert (verdict.type, verdict.format) == ("t5_encoder", "bnb_quantized_int8b")

    def test_half_precision_only(self, tmp_path: Path) -> None:
        config = {"_class_name": "AutoencoderKL", "scaling_factor": 0.13025}
        folder = lay_out(
            tmp_path / "v", {"config.json": config, "diffusion_pytorch_model.fp16.safetensors": "x"}
        )
        verdict = identify(folder)
        assert (verdict.base, verdict.repo_variant, verdict.assumed) == ("sdxl", "fp16", ())

    @pytest.mark.parametrize(
        "index",
        [
            "",
            "[",
            "[]",
            "[" * 100_000,
            '{"_class_name": 7}',
            '{"_class_name": {"a": 1}}',
            '{"_class_name": "\\u001b[2J"}',
        ],
    )
    def test_hostile_index(self, index: str, tmp_path: Path) -> None:
        verdict = identify(lay_out(tmp_path / "h", {"model_index.json": index, "config.json": index}))
        assert not verdict.known
        assert "\x1b" not in verdict.reason

    @pytest.mark.parametrize("odd", [None, [], {}, "768", [768], True, 1e300, -1])
    def test_odd_values(self, odd: object, tmp_path: Path) -> None:
        files = {
            "model_index.json": {"_class_name": "StableDiffusionPipeline"},
            "unet/config.json": {"cross_attention_dim": odd, "in_channels": odd},
            "scheduler/scheduler_config.json": {"prediction_type": odd},
        }
        assert not identify(lay_out(tmp_path / "odd", files)).known
        config = {"_class_name": "T2IAdapter", "adapter_type": odd, "architectures": odd}
        assert not identify(lay_out(tmp_path / "odd2", {"config.json": config, "x.bin": ""})).known
        config = {"_class_name": odd, "architectures": [odd], "hidden_size": odd}
        assert not identify(lay_out(tmp_path / "odd3", {"config.json": config, "x.bin": ""})).known


@pytest.mark.parametrize("path", ["nowhere", "a\x00b", "x" * 5000])
def test_impossible_paths(path: str) -> None:
    assert not identify(Path(path)).known


def test_a_model_of_its_own_width_says_its_family(tmp_path: Path) -> None:
    files = {
        "model_index.json": {"_class_name": "StableDiffusionPipeline"},
        "unet/config.json": {"cross_attention_dim": 256, "in_channels": 4},
    }
    assert "256" in identify(lay_out(tmp_path / "a", files)).reason
    assert identify(lay_out(tmp_path / "b", files | {"invoke.json": {"base": "sd-1"}})).base == "sd-1"


def test_a_controlnet_of_its_own_width_says_its_family_and_its_preprocessor(tmp_path: Path) -> None:
    files: dict[str, object] = {
        "config.json": {"_class_name": "ControlNetModel", "cross_attention_dim": 128},
        "diffusion_pytorch_model.safetensors": "",
    }
    assert "128" in identify(lay_out(tmp_path / "a", files)).reason
    said = {"base": "sd-1", "default_settings": {"preprocessor": "canny_image_processor"}}
    found = examine(lay_out(tmp_path / "b", files | {"invoke.json": said}))
    assert (found.type, found.base) == ("controlnet", "sd-1")
    assert found.default_settings.preprocessor == "canny_image_processor"
    odd = examine(lay_out(tmp_path / "c", files | {"invoke.json": {"base": "sd-1", "default_settings": 5}}))
    assert odd.status == "new"
