"""Models that differ from the usual: named heads, layers and outputs of their own."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.jobs.conftest import job
from zoo.hub import describe_model, load_dataset
from zoo.jobs.embedding import embed, load_probe
from zoo.jobs.failures import JobError
from zoo.jobs.finetuning import fine_tune
from zoo.jobs.forward import embed_job
from zoo.jobs.networks import load_network
from zoo.jobs.specs import DatasetSource, EmbeddingSpec, ModelSource, Settings

pytestmark = pytest.mark.filterwarnings("ignore")
_VISION = {
    "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16,
    "image_size": 32, "patch_size": 16,
}  # fmt: skip


def saved(model: object, folder: Path, *, tokens_of: Path | None = None) -> Path:
    import transformers

    model.save_pretrained(folder)  # type: ignore[attr-defined]
    if tokens_of:
        transformers.AutoTokenizer.from_pretrained(tokens_of).save_pretrained(folder)
    return folder


def test_a_causal_model_whose_layers_are_convolutions_takes_lora(
    text_model: Path, texts: Path, tmp_path: Path
) -> None:
    import transformers

    config = transformers.GPT2Config(
        vocab_size=400, n_embd=16, n_layer=1, n_head=2, n_positions=64, pad_token_id=None
    )
    folder = saved(transformers.GPT2LMHeadModel(config), tmp_path / "gpt2", tokens_of=text_model)
    done = fine_tune(job(folder, texts, tmp_path, method="lora", epochs=1))
    assert done.status == "done", done.reason


def test_a_distilled_checkpoint_is_trained_as_its_plain_model(images: Path, tmp_path: Path) -> None:
    import transformers

    model = transformers.DeiTForImageClassificationWithTeacher(transformers.DeiTConfig(**_VISION))
    folder = saved(model, tmp_path / "deit")
    assert describe_model(str(folder)).model.task == "image-classification"
    done = fine_tune(job(folder, images, tmp_path, epochs=1))
    assert done.status == "done", done.reason


@pytest.mark.parametrize("method", ["full", "lora", "linear"])
def test_an_image_tower_is_fine_tuned_without_its_texts(
    images: Path, tmp_path: Path, method: str
) -> None:
    import transformers

    text = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
            "intermediate_size": 16, "vocab_size": 50}  # fmt: skip
    config = transformers.CLIPConfig(text_config=text, vision_config=_VISION, projection_dim=8)
    folder = saved(transformers.CLIPModel(config), tmp_path / "clip")
    spec = job(folder, images, tmp_path, method=method, epochs=1)
    plain = spec.settings.model_copy(update={"image_size": None})
    done = fine_tune(spec.model_copy(update={"settings": plain}))
    assert done.status == "done", done.reason
    network = load_network(spec.model, classes=("a", "b"), modality="image", settings=plain)
    if method == "linear":
        trained = {n for n, p in network.model.named_parameters() if p.requires_grad}
        assert trained and all(name.startswith("classifier.") for name in trained)


@pytest.mark.parametrize("family", ["MobileNetV1", "MobileNetV2"])
def test_a_network_padded_as_tensorflow_pads_takes_lora(
    images: Path, tmp_path: Path, family: str
) -> None:
    import transformers

    config = getattr(transformers, f"{family}Config")(depth_multiplier=0.25, image_size=32)
    model = getattr(transformers, f"{family}ForImageClassification")(config)
    folder = saved(model, tmp_path / "mobilenet")
    done = fine_tune(job(folder, images, tmp_path, method="lora", epochs=1))
    assert done.status == "done", done.reason


@pytest.mark.parametrize("method", ["full", "lora", "linear"])
@pytest.mark.parametrize("family", ["HGNetV2", "Perceiver"])
def test_a_head_inside_the_backbone_or_of_another_name_is_replaced(
    images: Path, tmp_path: Path, family: str, method: str
) -> None:
    import transformers

    if family == "HGNetV2":
        config = transformers.HGNetV2Config(
            stem_channels=[3, 8, 8], stage_in_channels=[8, 8, 8, 8], stage_mid_channels=[8] * 4,
            stage_out_channels=[8, 8, 8, 16], stage_num_blocks=[1] * 4,
            stage_numb_of_layers=[1] * 4, hidden_sizes=[8, 8, 8, 16], embedding_size=8,
        )  # fmt: skip
        model = transformers.HGNetV2ForImageClassification(config)
    else:
        config = transformers.PerceiverConfig(
            num_latents=4, d_latents=16, d_model=32, num_self_attends_per_block=1, image_size=32,
            num_self_attention_heads=2, num_cross_attention_heads=2,
        )  # fmt: skip
        model = transformers.PerceiverForImageClassificationLearned(config)
    folder = saved(model, tmp_path / "model")
    spec = job(folder, images, tmp_path, method=method, epochs=1)
    done = fine_tune(spec)
    assert done.status == "done", done.reason
    if method == "linear":
        network = load_network(
            spec.model, classes=("a", "b", "c"), modality="image", settings=spec.settings
        )
        trained = [p for p in network.model.parameters() if p.requires_grad]
        assert {len(p) for p in trained} == {3}, "only the new head learns"


def test_a_model_without_classifier_is_told_in_one_line(images: Path, tmp_path: Path) -> None:
    import transformers

    folder = saved(transformers.ViTMAEModel(transformers.ViTMAEConfig(**_VISION)), tmp_path / "mae")
    done = fine_tune(job(folder, images, tmp_path))
    assert (done.status, done.cause) == ("failed", "model")
    assert done.reason == "its architecture (ViTMAE) has no classifier in transformers"


@pytest.mark.parametrize("family", ["ImageGPT", "Siglip2"])
def test_images_that_are_no_plain_pixels_are_fine_tuned_and_seen(
    images: Path, tmp_path: Path, family: str
) -> None:
    """ImageGPT reads the colours of an image one by one, SigLIP 2 patches of any shape of it."""
    import transformers

    folder = tmp_path / "model"
    if family == "ImageGPT":
        saved(transformers.ImageGPTForImageClassification(transformers.ImageGPTConfig(
            n_embd=16, n_layer=1, n_head=2, vocab_size=17, n_positions=64)), folder)  # fmt: skip
        clusters = np.linspace((-1, -1, -1), (1, 1, 1), 16).tolist()
        processor = transformers.ImageGPTImageProcessor(
            clusters=clusters, size={"height": 8, "width": 8}
        )
    else:
        text = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
                "intermediate_size": 16, "vocab_size": 50}  # fmt: skip
        vision = {k: v for k, v in _VISION.items() if k != "image_size"} | {"num_patches": 16}
        config = transformers.Siglip2Config(text_config=text, vision_config=vision)
        saved(transformers.Siglip2Model(config), folder)
        processor = transformers.Siglip2ImageProcessor(patch_size=16, max_num_patches=16)
    processor.save_pretrained(folder)
    spec = job(folder, images, tmp_path, epochs=1)
    plain = spec.settings.model_copy(update={"image_size": None})
    done = fine_tune(spec.model_copy(update={"settings": plain}))
    assert done.status == "done", done.reason
    source = ModelSource(id="p", address=str(folder))
    probe = load_probe(source, modality="image", settings=Settings())
    found = embed(load_dataset(str(images)), probe, settings=Settings())
    assert found.domain.shape == (16,) and np.isfinite(found.domain).all()
    assert np.ptp(found.domain) > 0


def test_what_transformers_cannot_train_is_told_in_one_line(
    images: Path, texts: Path, text_model: Path, tmp_path: Path
) -> None:
    import transformers

    net = transformers.PPLCNetForImageClassification(transformers.PPLCNetConfig(scale=0.25))
    done = fine_tune(job(saved(net, tmp_path / "lcnet"), images, tmp_path))
    assert (done.status, done.cause) == ("failed", "model")
    assert done.reason == (
        "PPLCNetForImageClassification of transformers computes no loss: it cannot be trained"
    )
    lcnet = ModelSource(id="lcnet", address=str(tmp_path / "lcnet"))
    with pytest.raises(JobError, match=r"its architecture \(PPLCNet\) has no backbone in transf"):
        load_probe(lcnet, modality="image", settings=Settings())
    config = transformers.ReformerConfig(
        hidden_size=16, num_attention_heads=2, attention_head_size=8, feed_forward_size=16,
        vocab_size=400, max_position_embeddings=64, axial_pos_shape=[8, 8],
        axial_pos_embds_dim=[8, 8], attn_layers=["local"], local_attn_chunk_length=4,
        is_decoder=True,
    )  # fmt: skip
    net = transformers.ReformerModelWithLMHead(config)
    done = fine_tune(job(saved(net, tmp_path / "r", tokens_of=text_model), texts, tmp_path))
    assert (done.status, done.cause) == ("failed", "model")
    assert "trained on texts of one length alone" in (done.reason or "")


def test_what_a_model_lacks_or_brings_along_is_told_in_one_line(
    text_model: Path, texts: Path, tmp_path: Path
) -> None:
    """A token for padding, weights of its own names; code that would have to run."""
    from safetensors.torch import load_file, save_file
    from transformers import PreTrainedTokenizerFast

    bare, renamed, coded = (
        shutil.copytree(text_model, tmp_path / name) for name in ("bare", "renamed", "coded")
    )
    PreTrainedTokenizerFast(tokenizer_file=str(bare / "tokenizer.json")).save_pretrained(bare)
    tensors = load_file(renamed / "model.safetensors")
    tensors = {f"mine.{name}": tensor for name, tensor in tensors.items()}
    save_file(tensors, renamed / "model.safetensors", metadata={"format": "pt"})
    (coded / "code.py").write_text("raise SystemExit('it ran')\n", encoding="utf-8")
    strange = '{"model_type": "strange", "auto_map": {"AutoConfig": "code.Config"}}'
    (coded / "config.json").write_text(strange, encoding="utf-8")
    for folder, words in (
        (bare, "its tokenizer has no token for padding, nor one for the end"),
        (renamed, "parameters are not in its weights"),
        (coded, "it brings code of its own, which never runs by itself: --trust-remote-code"),
    ):
        done = fine_tune(job(folder, texts, tmp_path))
        assert (done.status, done.cause) == ("failed", "model") and words in str(done.reason)
        with pytest.raises(JobError, match=words):
            load_probe(ModelSource(id="p", address=str(folder)), modality="text",
                       settings=Settings())  # fmt: skip


def test_a_network_that_fails_on_its_own_tokens_is_told_so(
    text_model: Path, texts: Path, tmp_path: Path
) -> None:
    """LiLT's places of words take six parts of equal width, BART's classifier the last </s>."""
    import transformers

    small = {"vocab_size": 400, "hidden_size": 16, "num_hidden_layers": 1,
             "num_attention_heads": 2, "intermediate_size": 16}  # fmt: skip
    lilt = transformers.LiltModel(transformers.LiltConfig(**small, channel_shrink_ratio=2))
    bart = transformers.BartModel(transformers.BartConfig(
        vocab_size=400, d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=16, decoder_ffn_dim=16,
    ))  # fmt: skip
    for net, name, words in ((lilt, "lilt", "mat1 and mat2 shapes"), (bart, "bart", "<eos>")):
        done = fine_tune(job(saved(net, tmp_path / name, tokens_of=text_model), texts, tmp_path))
        assert (done.status, done.cause) == ("failed", "model")
        assert (done.reason or "").startswith(f"its network ({name} of transformers) fails on what")
        assert words in (done.reason or "") and "are of several models" in done.reason


def test_a_network_that_takes_no_images_of_that_size_is_not_told_to_be_broken(
    images: Path, tmp_path: Path
) -> None:
    import transformers

    config = transformers.ViTConfig(
        image_size=32, patch_size=16, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16,
    )  # fmt: skip
    folder = saved(transformers.ViTModel(config), tmp_path / "vit")
    transformers.ViTImageProcessor(size={"height": 48, "width": 48}).save_pretrained(folder)
    spec = job(folder, images, tmp_path)
    done = fine_tune(
        spec.model_copy(update={"settings": spec.settings.model_copy(update={"image_size": 64})})
    )
    looking = EmbeddingSpec(
        id="e", fingerprint="f", modality="image", probe=spec.model, cache=tmp_path, threads=1,
        dataset=DatasetSource(id="d", reference=str(images)),
    )  # fmt: skip
    for found, side, advice in (
        (done, 64, f"repeat it with another --image-size or --max-length: its command is in zoo "
                   f"show {spec.id}"),
        (embed_job(looking), 48, f"another probe may: zoo ingest datasets {images} --probe MODEL"),
    ):  # fmt: skip
        assert (found.status, found.cause) == ("failed", "model")
        assert f"ValueError: Input image size ({side}*{side})" in (found.reason or "")
        assert f"Either the rows do not suit it ({advice}), or its weights" in (found.reason or "")


@pytest.mark.parametrize("name", ["T5ForConditionalGeneration", "T5EncoderModel"])
def test_a_text_to_text_model_is_a_probe_by_its_encoder(
    text_model: Path, texts: Path, tmp_path: Path, name: str
) -> None:
    import transformers

    config = transformers.T5Config(
        vocab_size=400, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2
    )
    folder = saved(getattr(transformers, name)(config), tmp_path / "t5", tokens_of=text_model)
    source = ModelSource(id="t5", address=str(folder))
    probe = load_probe(source, modality="text", settings=Settings())
    found = embed(load_dataset(str(texts)), probe, settings=Settings())
    assert found.domain.shape == (16,) and np.isfinite(found.domain).all()
