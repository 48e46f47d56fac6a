#include "values/config_reader.h"

#include <cmath>
#include <string_view>

#include "values/arguments.h"

namespace wazero_node {

#define WZ_READ_ROW(kind, field, js, upstream) \
  if (!kind(record, #js, &out->field)) return false;

bool ConfigReader::Read(napi_value record, wz_runtime_config* out) {
#define WZ_RUNTIME_ROW WZ_READ_ROW
#include "config_fields.def"
#undef WZ_RUNTIME_ROW
  return true;
}

bool ConfigReader::Read(napi_value record, wz_module_config* out) {
  // Of some forty rows one module in a million has ten: to ask for each by its name took longer than to make the module of an image.
  napi_value names;
  uint32_t count;
  if (napi_get_all_property_names(env_, record, napi_key_own_only, napi_key_enumerable, napi_key_numbers_to_strings,
                                  &names) != napi_ok ||
      napi_get_array_length(env_, names, &count) != napi_ok)
    return Wrong("a record", "config", record);
  for (uint32_t i = 0; i < count; i++) {
    HandleScope scope(env_);
    napi_value key;
    char text[64];
    size_t length;
    if (napi_get_element(env_, names, i, &key) != napi_ok ||
        napi_get_value_string_latin1(env_, key, text, sizeof text, &length) != napi_ok)
      continue;  // a symbol
    const std::string_view name(text, length);
#define WZ_MODULE_ROW(kind, field, js, upstream)        \
  if (name == #js) {                                    \
    if (!kind(record, #js, &out->field)) return false;  \
    continue;                                           \
  }
#include "config_fields.def"
#undef WZ_MODULE_ROW
  }
  return true;
}

bool ConfigReader::Read(napi_value record, wz_mount* out) {
#define WZ_MOUNT_ROW WZ_READ_ROW
#include "config_fields.def"
#undef WZ_MOUNT_ROW
  return true;
}

bool ConfigReader::Read(napi_value record, wz_import* out) {
#define WZ_IMPORT_ROW WZ_READ_ROW
#include "config_fields.def"
#undef WZ_IMPORT_ROW
  return true;
}

napi_value ConfigReader::Property(napi_value record, const char* name) {
  napi_value value;
  napi_valuetype type;
  if (napi_get_named_property(env_, record, name, &value) != napi_ok || napi_typeof(env_, value, &type) != napi_ok) {
    ThrowExpected(env_, "a record", name, record);
    failed_ = true;
    return nullptr;
  }
  return type == napi_undefined ? nullptr : value;
}

bool ConfigReader::Wrong(const char* expected, const char* name, napi_value value) {
  ThrowExpected(env_, expected, name, value);
  return false;
}

bool ConfigReader::Number(napi_value value, const char* name, double least, double most, double* out) {
  if (napi_get_value_double(env_, value, out) == napi_ok && *out >= least && *out <= most && std::trunc(*out) == *out)
    return true;
  return Wrong("a whole number within the range of the option", name, value);
}

bool ConfigReader::BOOL(napi_value record, const char* name, uint8_t* out) {
  napi_value value = Property(record, name);
  if (value == nullptr) return !failed_;
  bool flag;
  if (napi_get_value_bool(env_, value, &flag) != napi_ok) return Wrong("a boolean", name, value);
  *out = flag ? 1 : 0;
  return true;
}

bool ConfigReader::U32(napi_value record, const char* name, uint32_t* out) {
  napi_value value = Property(record, name);
  if (value == nullptr) return !failed_;
  double number;
  if (!Number(value, name, 0, UINT32_MAX, &number)) return false;
  *out = static_cast<uint32_t>(number);
  return true;
}

bool ConfigReader::I32(napi_value record, const char* name, int32_t* out) {
  napi_value value = Property(record, name);
  if (value == nullptr) return !failed_;
  double number;
  if (!Number(value, name, INT32_MIN, INT32_MAX, &number)) return false;
  *out = static_cast<int32_t>(number);
  return true;
}

bool ConfigReader::ID(napi_value record, const char* name, uint64_t* out) {
  napi_value value = Property(record, name);
  if (value == nullptr) return !failed_;
  double number;
  if (!Number(value, name, 0, 9007199254740991, &number)) return false;
  *out = static_cast<uint64_t>(number);
  return true;
}

bool ConfigReader::U64(napi_value record, const char* name, uint64_t* out) {
  napi_value value = Property(record, name);
  if (value == nullptr) return !failed_;
  bool lossless = false;
  if (napi_get_value_bigint_uint64(env_, value, out, &lossless) != napi_ok || !lossless)
    return Wrong("a bigint below 2^64", name, value);
  return true;
}

bool ConfigReader::Text(napi_value value, const char* name, wz_str* out) {
  void* data;
  size_t length;
  if (napi_get_value_string_utf8(env_, value, nullptr, 0, &length) == napi_ok) {
    std::string& text = texts_.emplace_back(length + 1, '\0');  // Node-API writes a zero behind it
    if (napi_get_value_string_utf8(env_, value, text.data(), text.size(), &length) != napi_ok)
      return Wrong("a string", name, value);
    *out = {text.data(), length};
    return true;
  }
  if (!OwnTypedArray(env_, value, napi_uint8_array, &data, &length))
    return Wrong("a string or a Uint8Array over an ArrayBuffer", name, value);
  *out = {static_cast<const char*>(data), length};
  return true;
}

bool ConfigReader::STR(napi_value record, const char* name, wz_str* out) {
  napi_value value = Property(record, name);
  return value == nullptr ? !failed_ : Text(value, name, out);
}

bool ConfigReader::Array(napi_value value, const char* name, uint32_t* length) {
  bool is_array = false;
  if (napi_is_array(env_, value, &is_array) == napi_ok && is_array &&
      napi_get_array_length(env_, value, length) == napi_ok)
    return true;
  return Wrong("an array", name, value);
}

bool ConfigReader::LIST(napi_value record, const char* name, wz_list* out) {
  napi_value value = Property(record, name);
  if (value == nullptr) return !failed_;
  uint32_t length;
  if (!Array(value, name, &length)) return false;
  std::vector<wz_str>& list = lists_.emplace_back(length);
  for (uint32_t i = 0; i < length; i++) {
    HandleScope scope(env_);
    napi_value item;
    if (napi_get_element(env_, value, i, &item) != napi_ok || !Text(item, name, &list[i]))
      return Wrong("an array of strings", name, value);
  }
  *out = {list.data(), list.size()};
  return true;
}

template <typename Item, typename Items>
bool ConfigReader::Records(napi_value record, const char* name, std::deque<std::vector<Item>>* arena, Items* out) {
  napi_value value = Property(record, name);
  if (value == nullptr) return !failed_;
  uint32_t length;
  if (!Array(value, name, &length)) return false;
  std::vector<Item>& items = arena->emplace_back(length);
  for (uint32_t i = 0; i < length; i++) {
    HandleScope scope(env_);
    napi_value item;
    if (napi_get_element(env_, value, i, &item) != napi_ok || !Read(item, &items[i]))
      return Wrong("an array of records", name, value);
  }
  *out = {items.data(), items.size()};
  return true;
}

bool ConfigReader::MOUNTS(napi_value record, const char* name, wz_mounts* out) {
  return Records(record, name, &mounts_, out);
}
bool ConfigReader::IMPORTS(napi_value record, const char* name, wz_imports* out) {
  return Records(record, name, &imports_, out);
}

}  // namespace wazero_node
