#ifndef WAZERO_NODE_CONFIG_READER_H
#define WAZERO_NODE_CONFIG_READER_H
#include <deque>
#include <string>
#include <vector>

#include "values/napi_setup.h"

namespace wazero_node {

/**
 * Reads the records of src/instances/flatten.ts into the flat structs of wazero_node.h, by the rows of
 * config_fields.def. Absent properties leave zero, unknown ones are ignored. The structs point into this object and into
 * the typed arrays of the record: both must outlive the call that the struct is made for.
 */
class ConfigReader {
 public:
  explicit ConfigReader(napi_env env) : env_(env) {}

  /** False: an exception is pending. */
  bool Read(napi_value record, wz_runtime_config* out);
  bool Read(napi_value record, wz_module_config* out);

 private:
  bool Read(napi_value record, wz_mount* out);
  bool Read(napi_value record, wz_import* out);

  // One for each kind of config_fields.def.
  bool BOOL(napi_value record, const char* name, uint8_t* out);
  bool U32(napi_value record, const char* name, uint32_t* out);
  bool U64(napi_value record, const char* name, uint64_t* out);
  bool I32(napi_value record, const char* name, int32_t* out);
  bool ID(napi_value record, const char* name, uint64_t* out);
  bool STR(napi_value record, const char* name, wz_str* out);
  bool LIST(napi_value record, const char* name, wz_list* out);
  bool MOUNTS(napi_value record, const char* name, wz_mounts* out);
  bool IMPORTS(napi_value record, const char* name, wz_imports* out);

  /** nullptr: absent, or with an exception pending: then failed_ is set. */
  napi_value Property(napi_value record, const char* name);
  bool Wrong(const char* expected, const char* name, napi_value value);
  bool Number(napi_value value, const char* name, double least, double most, double* out);
  bool Text(napi_value value, const char* name, wz_str* out);
  template <typename Item, typename Items>
  bool Records(napi_value record, const char* name, std::deque<std::vector<Item>>* arena, Items* out);
  bool Array(napi_value value, const char* name, uint32_t* length);

  napi_env env_;
  bool failed_ = false;
  // Deques: what is in them never moves.
  std::deque<std::string> texts_;
  std::deque<std::vector<wz_str>> lists_;
  std::deque<std::vector<wz_mount>> mounts_;
  std::deque<std::vector<wz_import>> imports_;
};

}  // namespace wazero_node
#endif
