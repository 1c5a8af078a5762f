"""Public names of the Keras base: layers, models, saving of configs, settings."""

NAMES: dict[str, tuple[str, ...]] = {
    "lamina.keras.common.autocast": (
        "keras.AutocastScope keras.backend.AutocastScope",
    ),
    "lamina.keras.common.naming": (
        "keras.name_scope keras.backend.name_scope",
        "keras.backend.get_uid",
        "keras.backend.reset_uids",
    ),
    "lamina.keras.common.remat": ("keras.RematScope", "keras.remat"),
    "lamina.keras.common.standardize": (
        "keras.backend.is_float_dtype",
        "keras.backend.is_int_dtype",
        "keras.backend.standardize_dtype keras.utils.standardize_dtype",
    ),
    "lamina.keras.common.state": (
        "keras.SymbolicScope",
        "keras.utils.clear_session keras.backend.clear_session",
    ),
    "lamina.keras.common.stateless": ("keras.StatelessScope",),
    "lamina.keras.common.tensors": (
        "keras.backend.is_keras_tensor keras.utils.is_keras_tensor @ is_symbolic",
    ),
    "lamina.keras.config": (
        "keras.config.backend keras.backend.backend",
        "keras.config.disable_flash_attention",
        "keras.config.disable_interactive_logging "
        "keras.utils.disable_interactive_logging",
        "keras.config.disable_traceback_filtering",
        "keras.config.enable_flash_attention",
        "keras.config.enable_interactive_logging "
        "keras.utils.enable_interactive_logging",
        "keras.config.enable_traceback_filtering",
        "keras.config.enable_unsafe_deserialization",
        "keras.config.epsilon keras.backend.epsilon",
        "keras.config.floatx keras.backend.floatx",
        "keras.config.image_data_format keras.backend.image_data_format",
        "keras.config.is_flash_attention_enabled",
        "keras.config.is_interactive_logging_enabled "
        "keras.utils.is_interactive_logging_enabled",
        "keras.config.is_traceback_filtering_enabled",
        "keras.config.max_epochs",
        "keras.config.max_steps_per_epoch",
        "keras.config.set_epsilon keras.backend.set_epsilon",
        "keras.config.set_floatx keras.backend.set_floatx",
        "keras.config.set_image_data_format keras.backend.set_image_data_format",
        "keras.config.set_max_epochs",
        "keras.config.set_max_steps_per_epoch",
    ),
    "lamina.keras.dtype_policies.dtype_policy": (
        "keras.DTypePolicy keras.dtype_policies.DTypePolicy "
        "keras.mixed_precision.DTypePolicy keras.mixed_precision.Policy",
        "keras.FloatDTypePolicy keras.dtype_policies.FloatDTypePolicy",
        "keras.config.dtype_policy keras.mixed_precision.dtype_policy "
        "keras.mixed_precision.global_policy",
        "keras.config.set_dtype_policy keras.mixed_precision.set_dtype_policy "
        "keras.mixed_precision.set_global_policy",
    ),
    "lamina.keras.dtype_policies.dtype_policy_map": (
        "keras.dtype_policies.DTypePolicyMap",
    ),
    "lamina.keras.dtype_policies.lookup": (
        "keras.dtype_policies.deserialize",
        "keras.dtype_policies.get",
        "keras.dtype_policies.serialize",
    ),
    "lamina.engine.graph": ("keras.KerasTensor",),
    "lamina.keras.layers.base": ("keras.Layer keras.layers.Layer",),
    "lamina.keras.layers.core.input_layer": (
        "keras.Input keras.layers.Input",
        "keras.layers.InputLayer",
    ),
    "lamina.keras.layers.input_spec": ("keras.InputSpec keras.layers.InputSpec",),
    "lamina.keras.layers.operation": ("keras.Operation",),
    "lamina.keras.models.cloning": ("keras.models.clone_model",),
    "lamina.keras.models.function": ("keras.Function",),
    "lamina.keras.models.graph_walk": ("keras.utils.get_source_inputs",),
    "lamina.keras.models.model": (
        "keras.Model keras.models.Model",
        "keras.models.model_from_json",
    ),
    "lamina.keras.models.sequential": ("keras.Sequential keras.models.Sequential",),
    "lamina.keras.saving.registry": (
        "keras.saving.CustomObjectScope keras.saving.custom_object_scope "
        "keras.utils.CustomObjectScope keras.utils.custom_object_scope",
        "keras.saving.get_custom_objects keras.utils.get_custom_objects",
        "keras.saving.get_registered_name keras.utils.get_registered_name",
        "keras.saving.get_registered_object keras.utils.get_registered_object",
        "keras.saving.register_keras_serializable "
        "keras.utils.register_keras_serializable",
    ),
    "lamina.keras.saving.serialization": (
        "keras.saving.deserialize_keras_object keras.utils.deserialize_keras_object",
        "keras.saving.serialize_keras_object keras.utils.serialize_keras_object",
    ),
    "lamina.keras.tree.structures": (
        "keras.tree.MAP_TO_NONE",
        "keras.tree.assert_same_paths",
        "keras.tree.assert_same_structure",
        "keras.tree.flatten",
        "keras.tree.flatten_with_path",
        "keras.tree.is_nested",
        "keras.tree.lists_to_tuples",
        "keras.tree.map_shape_structure",
        "keras.tree.map_structure",
        "keras.tree.map_structure_up_to",
        "keras.tree.pack_sequence_as",
        "keras.tree.traverse",
    ),
    "lamina.keras.utils.model_drawing": (
        "keras.utils.model_to_dot",
        "keras.utils.plot_model",
    ),
    "lamina.keras.utils.numerical": (
        "keras.utils.normalize",
        "keras.utils.to_categorical",
    ),
    "lamina.keras.utils.seeds": ("keras.utils.set_random_seed",),
    "lamina.keras.variable": ("keras.Variable",),
}
