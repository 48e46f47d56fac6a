#include "bindings.h"

namespace wazero_node {
namespace {

napi_value Compile(Environment& environment, Arguments& args) {
  const wz_handle runtime = args.Whole(0, "runtime");
  const Arguments::Bytes binary = args.Uint8Array(1, "binary");
  const uint32_t workers = args.Uint32(2, "workers");
  const uint64_t request = args.Whole(3, "request");
  const bool may_be_at_once = args.Uint32(4, "mayBeAtOnce") != 0;
  if (!args.ok()) return nullptr;
  Result result;
  wz_compile(environment.id, runtime, binary.data, binary.size, workers, may_be_at_once ? -1 : 0, request, &result);
  return ValueOf(environment, result);
}

napi_value CompilePiece(Environment& environment, Arguments& args) {
  const wz_handle runtime = args.Whole(0, "runtime");
  const uint64_t request = args.Whole(1, "request");
  const uint64_t total = args.Whole(2, "total");
  const Arguments::Bytes piece = args.Uint8Array(3, "piece");
  if (!args.ok()) return nullptr;
  Result result;
  wz_compile_piece(runtime, request, total, piece.data, piece.size, &result);
  result.Check(environment);
  return nullptr;
}

napi_value CompileFile(Environment& environment, Arguments& args) {
  const wz_handle runtime = args.Whole(0, "runtime");
  const uint64_t request = args.Whole(1, "request");
  const std::string path = args.String(2, "path");
  if (!args.ok()) return nullptr;
  Result result;
  wz_compile_file(runtime, request, Str(path), &result);
  result.Check(environment);
  return nullptr;
}

napi_value CompileSync(Environment& environment, Arguments& args) {
  const wz_handle runtime = args.Whole(0, "runtime");
  const Arguments::Bytes binary = args.Uint8Array(1, "binary");
  const uint32_t workers = args.Uint32(2, "workers");
  const uint64_t timeout_ns = args.Whole(3, "timeoutNs");
  if (!args.ok()) return nullptr;
  Result result;
  wz_compile(environment.id, runtime, binary.data, binary.size, workers, static_cast<int64_t>(timeout_ns), 0, &result);
  return ValueOf(environment, result);
}

napi_value Validate(Environment& environment, Arguments& args) {
  const wz_handle runtime = args.Whole(0, "runtime");
  const Arguments::Bytes binary = args.Uint8Array(1, "binary");
  if (!args.ok()) return nullptr;
  Result result;
  wz_validate(runtime, binary.data, binary.size, &result);
  result.Check(environment);
  return nullptr;
}

napi_value CompileCancel(Environment& environment, Arguments& args) {
  const uint64_t request = args.Whole(0, "request");
  const uint32_t reason = args.Uint32(1, "reason");
  if (args.ok()) wz_compile_cancel(environment.id, request, reason);
  return nullptr;
}

napi_value CompileProgress(Environment& environment, Arguments& args) {
  const uint64_t request = args.Whole(0, "request");
  if (!args.ok()) return nullptr;
  const uint64_t progress = wz_compile_progress(environment.id, request);
  napi_value words = nullptr;
  napi_create_bigint_uint64(args.env(), progress, &words);
  return words;
}

napi_value HostCompile(Environment& environment, Arguments& args) {
  const wz_handle runtime = args.Whole(0, "runtime");
  const std::string description = args.String(1, "description");
  if (!args.ok()) return nullptr;
  Result result;
  wz_host_compile(environment.id, runtime, Str(description), &result);
  return ValueOf(environment, result);
}

/** [the handle of the description or 0, its text] */
napi_value CompiledDescribe(Environment& environment, Arguments& args) {
  napi_env env = args.env();
  const wz_handle compiled = args.Whole(0, "compiled");
  const bool heard = !args.IsUndefined(1) && args.Boolean(1, "heard");
  if (!args.ok()) return nullptr;
  Result result;
  wz_compiled_describe(compiled, heard, &result);
  napi_value text = TextOf(environment, result), handle = Number(env, result.value), both;
  if (text == nullptr || handle == nullptr || napi_create_array_with_length(env, 2, &both) != napi_ok ||
      napi_set_element(env, both, 0, handle) != napi_ok || napi_set_element(env, both, 1, text) != napi_ok) {
    if (result.status == WZ_OK && result.value != 0) {
      Result closed;
      wz_description_close(result.value, &closed);
    }
    return nullptr;
  }
  return both;
}

napi_value DescriptionFind(Environment& environment, Arguments& args) {
  const wz_handle description = args.Whole(0, "description");
  const uint32_t which = args.Uint32(1, "which");
  const std::string name = args.String(2, "name");
  if (!args.ok()) return nullptr;
  Result result;
  wz_description_find(description, which, Str(name), &result);
  return ValueOf(environment, result);
}

napi_value DescriptionLine(Environment& environment, Arguments& args) {
  const wz_handle description = args.Whole(0, "description");
  const uint32_t line = args.Uint32(1, "line");
  if (!args.ok()) return nullptr;
  Result result;
  wz_description_line(description, line, &result);
  return TextOf(environment, result);
}

napi_value DescriptionNames(Environment& environment, Arguments& args) {
  const wz_handle description = args.Whole(0, "description");
  const uint32_t which = args.Uint32(1, "which"), from = args.Uint32(2, "from");
  if (!args.ok()) return nullptr;
  Result result;
  wz_description_names(description, which, from, &result);
  return TextOf(environment, result);
}

napi_value DescriptionType(Environment& environment, Arguments& args) {
  const wz_handle description = args.Whole(0, "description");
  const uint32_t number = args.Uint32(1, "number");
  if (!args.ok()) return nullptr;
  Result result;
  wz_description_type(description, number, &result);
  return TextOf(environment, result);
}

napi_value DescriptionClose(Environment& environment, Arguments& args) {
  const wz_handle description = args.Whole(0, "description");
  if (!args.ok()) return nullptr;
  Result result;
  wz_description_close(description, &result);
  result.Check(environment);
  return nullptr;
}

napi_value CompiledSection(Environment& environment, Arguments& args) {
  const wz_handle compiled = args.Whole(0, "compiled");
  const uint32_t index = args.Uint32(1, "index");
  if (!args.ok()) return nullptr;
  Result result;
  wz_compiled_section(compiled, index, &result);
  return result.Check(environment) ? Bytes(args.env(), result.text, result.text_len) : nullptr;
}

napi_value CompiledClose(Environment& environment, Arguments& args) {
  const wz_handle compiled = args.Whole(0, "compiled");
  if (!args.ok()) return nullptr;
  Result result;
  wz_compiled_close(compiled, &result);
  result.Check(environment);
  return nullptr;
}

const Binding kBindings[] = {
    {"compile", Entry<Compile>},
    {"compilePiece", Entry<CompilePiece>},
    {"compileFile", Entry<CompileFile>},
    {"compileSync", Entry<CompileSync>},
    {"validate", Entry<Validate>},
    {"compileCancel", Entry<CompileCancel>},
    {"compileProgress", Entry<CompileProgress>},
    {"hostCompile", Entry<HostCompile>},
    {"compiledDescribe", Entry<CompiledDescribe>},
    {"descriptionFind", Entry<DescriptionFind>},
    {"descriptionLine", Entry<DescriptionLine>},
    {"descriptionNames", Entry<DescriptionNames>},
    {"descriptionType", Entry<DescriptionType>},
    {"descriptionClose", Entry<DescriptionClose>},
    {"compiledSection", Entry<CompiledSection>},
    {"compiledClose", Entry<CompiledClose>},
};

}  // namespace

BindingList CompiledModuleBindings() { return ListOf(kBindings); }

}  // namespace wazero_node
