// Node unloads an addon when its last environment ends, and Go's threads would run on in code that is gone. Linux has a flag for the linker
// (-z nodelete, see CMakeLists.txt); elsewhere the library holds on to itself when it is loaded.
#if defined(__APPLE__)
#include <dlfcn.h>

namespace {

__attribute__((constructor)) void Pin() {
  Dl_info self;
  if (dladdr(reinterpret_cast<const void*>(&Pin), &self) != 0)
    dlopen(self.dli_fname, RTLD_NOLOAD | RTLD_NODELETE | RTLD_LAZY);  // its handle is kept for ever, too
}

}  // namespace
#elif defined(_WIN32)
#include <windows.h>

namespace {

__attribute__((constructor)) void Pin() {
  HMODULE self;
  GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                     reinterpret_cast<LPCWSTR>(&Pin), &self);
}

}  // namespace
#endif
