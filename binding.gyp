# A door, not a build: node-gyp and prebuildify come in here, and native/CMakeLists.txt is the one description of the build.
{
  "targets": [
    {
      "target_name": "node_wazero",
      "type": "none",
      "actions": [
        {
          "action_name": "build_native",
          "inputs": [],
          "outputs": ["<(PRODUCT_DIR)/node_wazero.always"],
          "action": ["node", "<(module_root_dir)/scripts/build-native.mjs", "--arch", "<(target_arch)"],
          "message": "CMake by way of scripts/build-native.mjs"
        }
      ]
    }
  ]
}
