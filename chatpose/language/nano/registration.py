"""Makes transformers know chatpose-nano; done when a base is loaded, not before."""


def register() -> None:
    """Registers config and model; once is enough, again does no harm."""
    from transformers import AutoConfig, AutoModelForCausalLM

    from chatpose.language.nano.config import MODEL_TYPE, NanoConfig
    from chatpose.language.nano.modeling import NanoForCausalLM

    AutoConfig.register(MODEL_TYPE, NanoConfig, exist_ok=True)
    AutoModelForCausalLM.register(NanoConfig, NanoForCausalLM, exist_ok=True)
