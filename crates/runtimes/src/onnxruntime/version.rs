//! The version of a library, before anything of it is used.
#![expect(unsafe_code, reason = "two functions of a C library")]

use std::ffi::CStr;
use std::path::Path;

use libloading::Library;
use ort::sys::OrtApiBase;

/// The oldest minor version of 1.x that is used.
const OLDEST: u32 = 17;

/// The version of the library at `path`, such as `1.22.0`.
pub(super) fn of_library(path: &Path) -> Result<String, String> {
    // SAFETY: loading runs the library's initialisers. The operator has named it, as the documentation of the setting
    // says; nothing else can.
    let library = unsafe { Library::new(path) }.map_err(|error| error.to_string())?;
    // SAFETY: `OrtGetApiBase` has this type in every version of ONNX Runtime (onnxruntime_c_api.h); a library without
    // the symbol gives an error.
    let get_base = unsafe { library.get::<unsafe extern "C" fn() -> *const OrtApiBase>(b"OrtGetApiBase") };
    let get_base = get_base.map_err(|_| "it is not ONNX Runtime: it has no OrtGetApiBase".to_owned())?;
    // SAFETY: the base and the version's text are static data of the library, which is still loaded.
    let version = unsafe {
        let base = get_base();
        if base.is_null() {
            return Err("its OrtGetApiBase gives nothing".to_owned());
        }
        CStr::from_ptr(((*base).GetVersionString)())
    };
    let version = version.to_string_lossy().into_owned();
    let minor = version.strip_prefix("1.").and_then(|rest| rest.split('.').next()?.parse::<u32>().ok());
    match minor {
        Some(minor) if minor >= OLDEST => Ok(version),
        _ => Err(format!("it has version {version}; 1.{OLDEST} or newer is needed")),
    }
}
