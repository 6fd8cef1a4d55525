import json
from pathlib import Path

from invoke_tui.config.settings import Settings, load
from invoke_tui.config.shown import shown_settings


def test_all_settings_are_shown_as_plain_data_without_secrets(root: Path) -> None:
    secret = "canary-71b3"
    (root / "invokeai.yaml").write_text(
        f"external_gemini_api_key: {secret}\nremote_api_tokens: [{{url_regex: hub, token: {secret}}}]\n"
        f"download_proxy: http://me:{secret}@proxy:8080\n"
    )
    shown = shown_settings(load(root).settings)
    assert set(shown) == set(Settings.model_fields)
    text = json.dumps(shown)
    assert secret not in text
    assert shown["remote_api_tokens"] == [{"url_regex": "hub", "token": "********"}]
    assert shown["download_proxy"] == "http://********@proxy:8080"
    assert shown["external_openai_api_key"] is None
    assert shown["models_dir"] == "models"
