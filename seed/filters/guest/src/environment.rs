//! The VM's environment (`vm_config.environment_variables`), read through WASI, which
//! the target wasm32-unknown-unknown does not do by itself. Secrets belong here:
//! unlike the plugin configuration, the values can come from the proxy's own process.

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    fn environ_sizes_get(count: *mut usize, bytes: *mut usize) -> u32;
    fn environ_get(pointers: *mut *mut u8, bytes: *mut u8) -> u32;
}

/// The value of one variable, if it is set and is text.
pub fn variable(name: &str) -> Option<String> {
    let (mut count, mut size) = (0, 0);
    // SAFETY: both pointers are to live integers of the size that WASI writes on wasm32.
    if unsafe { environ_sizes_get(&mut count, &mut size) } != 0 || count == 0 {
        return None;
    }
    let mut pointers = vec![std::ptr::null_mut(); count];
    let mut block = vec![0_u8; size];
    // SAFETY: the host fills exactly the two lengths that it has just named.
    if unsafe { environ_get(pointers.as_mut_ptr(), block.as_mut_ptr()) } != 0 {
        return None;
    }
    let prefix = format!("{name}=");
    block.split(|byte| *byte == 0).find_map(|entry| {
        let value = entry.strip_prefix(prefix.as_bytes())?;
        String::from_utf8(value.to_vec()).ok()
    })
}
