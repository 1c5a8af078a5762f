"""Public names of tensors, variables, tapes, functions and errors."""

_DTYPES = (
    "bfloat16 bool complex64 complex128 double float16 float32 float64 half int8 int16 "
    "int32 int64 uint8 uint16 uint32 uint64 string resource variant"
).split()

_ERRORS = (
    "AbortedError AlreadyExistsError CancelledError DataLossError "
    "DeadlineExceededError FailedPreconditionError InternalError InvalidArgumentError "
    "NotFoundError OpError OperatorNotAllowedInGraphError OutOfRangeError "
    "PermissionDeniedError ResourceExhaustedError UnauthenticatedError "
    "UnavailableError UnimplementedError UnknownError InaccessibleTensorError "
    "ABORTED ALREADY_EXISTS CANCELLED DATA_LOSS DEADLINE_EXCEEDED FAILED_PRECONDITION "
    "INTERNAL INVALID_ARGUMENT NOT_FOUND OK OUT_OF_RANGE PERMISSION_DENIED "
    "RESOURCE_EXHAUSTED UNAUTHENTICATED UNAVAILABLE UNIMPLEMENTED UNKNOWN "
    "exception_type_from_error_code error_code_from_exception_type"
).split()

NAMES: dict[str, tuple[str, ...]] = {
    "lamina.engine.dtypes": (
        "DType dtypes.DType",
        "as_dtype dtypes.as_dtype",
        *(f"{name} dtypes.{name}" for name in _DTYPES),
    ),
    "lamina.engine.errors": tuple(f"errors.{name}" for name in _ERRORS),
    "lamina.engine.tensor": (
        "Tensor",
        "constant",
        "convert_to_tensor",
        "get_static_value @ constant_value",
        "is_tensor",
        "register_tensor_conversion_function",
    ),
    "lamina.engine.variable": (
        "Variable",
        "VariableAggregation",
        "VariableSynchronization",
    ),
    "lamina.engine.tape": ("GradientTape", "UnconnectedGradients", "stop_gradient"),
    "lamina.engine.trace": ("init_scope",),
    "lamina.engine.concrete": ("types.experimental.ConcreteFunction",),
    "lamina.engine.type_spec": ("TensorSpec", "TypeSpec", "type_spec_from_value"),
}
