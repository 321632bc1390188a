//! The functions of TensorFlow's C API that are used: the only unsafe code, behind safe types.
//!
//! The types and rules are those of `tensorflow/c/c_api.h`, `tf_tensor.h`, `tf_tstring.h` and `tf_status.h`, which are
//! stable through 2.x. Every object that the library makes is owned by one value here, which frees it.
#![expect(unsafe_code, reason = "TensorFlow is a C library")]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::Path;
use std::ptr::{self, NonNull};
use std::sync::Arc;

use libloading::Library;

macro_rules! opaque {
    ($($name:ident),+) => {$(
        #[repr(C)]
        struct $name {
            _private: [u8; 0],
        }
    )+};
}

opaque!(TfStatus, TfGraph, TfSession, TfSessionOptions, TfImportOptions, TfOperation, TfTensor, TfBuffer);

#[repr(C)]
#[derive(Clone, Copy)]
struct TfOutput {
    operation: *mut TfOperation,
    index: c_int,
}

/// `TF_TString`: 24 bytes, aligned as a pointer.
type TfString = [u64; 3];

macro_rules! functions {
    ($($field:ident: $symbol:literal, fn($($argument:ty),*) $(-> $result:ty)?;)+) => {
        struct Functions {
            $($field: unsafe extern "C" fn($($argument),*) $(-> $result)?,)+
        }

        impl Functions {
            fn find(library: &Library) -> Result<Self, String> {
                Ok(Self {
                    // SAFETY: the types are those that the C API declares for the symbols.
                    $($field: unsafe {
                        *library
                            .get(concat!($symbol, "\0").as_bytes())
                            .map_err(|_| format!("it is not TensorFlow's C library: it has no {}", $symbol))?
                    },)+
                })
            }
        }
    };
}

functions! {
    version: "TF_Version", fn() -> *const c_char;
    new_status: "TF_NewStatus", fn() -> *mut TfStatus;
    delete_status: "TF_DeleteStatus", fn(*mut TfStatus);
    status_code: "TF_GetCode", fn(*const TfStatus) -> c_int;
    status_message: "TF_Message", fn(*const TfStatus) -> *const c_char;
    new_buffer: "TF_NewBufferFromString", fn(*const c_void, usize) -> *mut TfBuffer;
    delete_buffer: "TF_DeleteBuffer", fn(*mut TfBuffer);
    new_graph: "TF_NewGraph", fn() -> *mut TfGraph;
    delete_graph: "TF_DeleteGraph", fn(*mut TfGraph);
    new_import_options: "TF_NewImportGraphDefOptions", fn() -> *mut TfImportOptions;
    delete_import_options: "TF_DeleteImportGraphDefOptions", fn(*mut TfImportOptions);
    import: "TF_GraphImportGraphDef", fn(*mut TfGraph, *const TfBuffer, *const TfImportOptions, *mut TfStatus);
    operation: "TF_GraphOperationByName", fn(*mut TfGraph, *const c_char) -> *mut TfOperation;
    output_count: "TF_OperationNumOutputs", fn(*mut TfOperation) -> c_int;
    new_session_options: "TF_NewSessionOptions", fn() -> *mut TfSessionOptions;
    delete_session_options: "TF_DeleteSessionOptions", fn(*mut TfSessionOptions);
    set_config: "TF_SetConfig", fn(*mut TfSessionOptions, *const c_void, usize, *mut TfStatus);
    new_session: "TF_NewSession", fn(*mut TfGraph, *const TfSessionOptions, *mut TfStatus) -> *mut TfSession;
    load_saved_model: "TF_LoadSessionFromSavedModel", fn(
        *const TfSessionOptions, *const TfBuffer, *const c_char, *const *const c_char, c_int, *mut TfGraph,
        *mut TfBuffer, *mut TfStatus
    ) -> *mut TfSession;
    close_session: "TF_CloseSession", fn(*mut TfSession, *mut TfStatus);
    delete_session: "TF_DeleteSession", fn(*mut TfSession, *mut TfStatus);
    run: "TF_SessionRun", fn(
        *mut TfSession, *const TfBuffer, *const TfOutput, *const *mut TfTensor, c_int, *const TfOutput,
        *mut *mut TfTensor, c_int, *const *const TfOperation, c_int, *mut TfBuffer, *mut TfStatus
    );
    allocate_tensor: "TF_AllocateTensor", fn(c_int, *const i64, c_int, usize) -> *mut TfTensor;
    delete_tensor: "TF_DeleteTensor", fn(*mut TfTensor);
    tensor_type: "TF_TensorType", fn(*const TfTensor) -> c_int;
    dimension_count: "TF_NumDims", fn(*const TfTensor) -> c_int;
    dimension: "TF_Dim", fn(*const TfTensor, c_int) -> i64;
    tensor_bytes: "TF_TensorByteSize", fn(*const TfTensor) -> usize;
    tensor_data: "TF_TensorData", fn(*const TfTensor) -> *mut c_void;
    string_init: "TF_StringInit", fn(*mut TfString);
    string_copy: "TF_StringCopy", fn(*mut TfString, *const c_char, usize);
    string_data: "TF_StringGetDataPointer", fn(*const TfString) -> *const c_char;
    string_size: "TF_StringGetSize", fn(*const TfString) -> usize;
    string_free: "TF_StringDealloc", fn(*mut TfString);
}

/// The loaded library.
pub(super) struct Interface {
    functions: Functions,
    version: String,
    /// Last: the functions above are its.
    _library: Library,
}

impl Interface {
    /// Loads the library.
    pub fn load(path: &Path) -> Result<Self, String> {
        // SAFETY: loading runs the library's initialisers. The operator has named it, as the documentation of the
        // setting says; nothing else can.
        let library = unsafe { Library::new(path) }.map_err(|error| error.to_string())?;
        let functions = Functions::find(&library)?;
        // SAFETY: the version is a static text.
        let version = unsafe { CStr::from_ptr((functions.version)()) }.to_string_lossy().into_owned();
        if !version.starts_with("2.") {
            return Err(format!("it has version {version}; 2.x is needed"));
        }
        Ok(Self { functions, version, _library: library })
    }

    /// The version.
    pub fn version(&self) -> &str {
        &self.version
    }
}

impl std::fmt::Debug for Interface {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Interface").field("version", &self.version).finish_non_exhaustive()
    }
}

/// The outcome of a call.
struct Status<'a> {
    interface: &'a Interface,
    pointer: *mut TfStatus,
}

impl<'a> Status<'a> {
    fn new(interface: &'a Interface) -> Self {
        // SAFETY: takes nothing; gives a new object.
        Self { interface, pointer: unsafe { (interface.functions.new_status)() } }
    }

    fn check(&self) -> Result<(), String> {
        let functions = &self.interface.functions;
        // SAFETY: the status is alive; its message is copied before it changes.
        unsafe {
            if (functions.status_code)(self.pointer) == 0 {
                return Ok(());
            }
            Err(CStr::from_ptr((functions.status_message)(self.pointer)).to_string_lossy().into_owned())
        }
    }
}

impl Drop for Status<'_> {
    fn drop(&mut self) {
        // SAFETY: owned here alone.
        unsafe { (self.interface.functions.delete_status)(self.pointer) }
    }
}

/// Options of a session, alive for one call.
struct Options<'a>(&'a Interface, *mut TfSessionOptions);

impl<'a> Options<'a> {
    /// Options with this serialised `ConfigProto`.
    fn new(interface: &'a Interface, config: &[u8]) -> Result<Self, String> {
        // SAFETY: takes nothing; gives a new object.
        let options = Self(interface, unsafe { (interface.functions.new_session_options)() });
        let status = Status::new(interface);
        // SAFETY: the bytes are read during the call.
        unsafe {
            (interface.functions.set_config)(options.1, config.as_ptr().cast(), config.len(), status.pointer);
        }
        status.check()?;
        Ok(options)
    }
}

impl Drop for Options<'_> {
    fn drop(&mut self) {
        // SAFETY: owned here alone.
        unsafe { (self.0.functions.delete_session_options)(self.1) }
    }
}

/// An output of an operation.
#[derive(Clone, Copy)]
pub(super) struct Output(TfOutput);

/// A session with its graph.
pub(super) struct Session {
    interface: Arc<Interface>,
    graph: NonNull<TfGraph>,
    session: NonNull<TfSession>,
}

// SAFETY: "TF_Session ... methods are thread-safe", and the graph is only read once the session is made.
unsafe impl Send for Session {}
// SAFETY: as above: TF_SessionRun may be called from several threads.
unsafe impl Sync for Session {}
// SAFETY: an operation is a part of its graph, which its session keeps alive; it is only read.
unsafe impl Send for Output {}
// SAFETY: as above.
unsafe impl Sync for Output {}

/// A graph until its session is made.
struct Graph<'a>(&'a Interface, NonNull<TfGraph>);

impl<'a> Graph<'a> {
    fn new(interface: &'a Interface) -> Result<Self, String> {
        // SAFETY: takes nothing; gives a new object.
        let graph = NonNull::new(unsafe { (interface.functions.new_graph)() });
        graph.map(|graph| Self(interface, graph)).ok_or_else(|| "no graph could be made".to_owned())
    }

    /// Hands the graph on to its session.
    fn release(self) -> NonNull<TfGraph> {
        let graph = self.1;
        std::mem::forget(self);
        graph
    }
}

impl Drop for Graph<'_> {
    fn drop(&mut self) {
        // SAFETY: owned here alone, and no session was made of it.
        unsafe { (self.0.functions.delete_graph)(self.1.as_ptr()) }
    }
}

impl Session {
    /// A session over a serialised `GraphDef`.
    pub fn of_graph(interface: &Arc<Interface>, graph_def: &[u8], config: &[u8]) -> Result<Self, String> {
        let functions = &interface.functions;
        let graph = Graph::new(interface)?;
        let status = Status::new(interface);
        // SAFETY: the buffer is a copy of the bytes; it and the options live until they are freed here.
        unsafe {
            let buffer = (functions.new_buffer)(graph_def.as_ptr().cast(), graph_def.len());
            let options = (functions.new_import_options)();
            (functions.import)(graph.1.as_ptr(), buffer, options, status.pointer);
            (functions.delete_import_options)(options);
            (functions.delete_buffer)(buffer);
        }
        status.check()?;
        let options = Options::new(interface, config)?;
        // SAFETY: graph, options and status are alive.
        let session = unsafe { (functions.new_session)(graph.1.as_ptr(), options.1, status.pointer) };
        Self::finish(interface, graph, session, &status)
    }

    /// A session over a SavedModel in a directory.
    pub fn of_saved_model(
        interface: &Arc<Interface>,
        directory: &Path,
        tags: &[String],
        config: &[u8],
    ) -> Result<Self, String> {
        let no_text = |_| "a name holds a NUL byte".to_owned();
        let directory = directory.to_str().ok_or("the temporary directory is not UTF-8")?;
        let directory = CString::new(directory).map_err(no_text)?;
        let tags = tags.iter().map(|tag| CString::new(tag.as_str()).map_err(no_text));
        let tags = tags.collect::<Result<Vec<_>, _>>()?;
        let tag_pointers: Vec<*const c_char> = tags.iter().map(|tag| tag.as_ptr()).collect();
        let graph = Graph::new(interface)?;
        let options = Options::new(interface, config)?;
        let status = Status::new(interface);
        // SAFETY: all texts live beyond the call; run options and the meta graph may be absent.
        let session = unsafe {
            (interface.functions.load_saved_model)(
                options.1,
                ptr::null(),
                directory.as_ptr(),
                tag_pointers.as_ptr(),
                tag_pointers.len() as c_int,
                graph.1.as_ptr(),
                ptr::null_mut(),
                status.pointer,
            )
        };
        Self::finish(interface, graph, session, &status)
    }

    fn finish(
        interface: &Arc<Interface>,
        graph: Graph<'_>,
        session: *mut TfSession,
        status: &Status<'_>,
    ) -> Result<Self, String> {
        status.check()?;
        let session = NonNull::new(session).ok_or("no session could be made")?;
        Ok(Self { interface: Arc::clone(interface), graph: graph.release(), session })
    }

    /// The output `index` of the operation of this name.
    pub fn output(&self, name: &str, index: usize) -> Result<Output, String> {
        let text = CString::new(name).map_err(|_| "a name holds a NUL byte".to_owned())?;
        let functions = &self.interface.functions;
        // SAFETY: the graph is alive; the text lives beyond the call.
        let operation = unsafe { (functions.operation)(self.graph.as_ptr(), text.as_ptr()) };
        if operation.is_null() {
            return Err(format!("the graph has no operation {name:?}"));
        }
        // SAFETY: the operation is a part of the living graph.
        let count = unsafe { (functions.output_count)(operation) };
        match c_int::try_from(index) {
            Ok(index) if index < count => Ok(Output(TfOutput { operation, index })),
            _ => Err(format!("the operation {name:?} has no output {index}")),
        }
    }

    /// Computes `outputs`.
    pub fn run<'a>(
        &'a self,
        inputs: &[Output],
        values: &[Value<'_>],
        outputs: &[Output],
    ) -> Result<Vec<Value<'a>>, String> {
        if inputs.len() != values.len() {
            return Err("not as many values as inputs".to_owned());
        }
        let functions = &self.interface.functions;
        let feeds: Vec<TfOutput> = inputs.iter().map(|input| input.0).collect();
        let fed: Vec<*mut TfTensor> = values.iter().map(|value| value.pointer.as_ptr()).collect();
        let fetches: Vec<TfOutput> = outputs.iter().map(|output| output.0).collect();
        let mut found: Vec<*mut TfTensor> = vec![ptr::null_mut(); outputs.len()];
        let status = Status::new(&self.interface);
        // SAFETY: the lists have the lengths that are given and live beyond the call; the tensors fed stay ours.
        unsafe {
            (functions.run)(
                self.session.as_ptr(),
                ptr::null(),
                feeds.as_ptr(),
                fed.as_ptr(),
                feeds.len() as c_int,
                fetches.as_ptr(),
                found.as_mut_ptr(),
                fetches.len() as c_int,
                ptr::null(),
                0,
                ptr::null_mut(),
                status.pointer,
            );
        }
        let own = |pointer| {
            NonNull::new(pointer).map(|pointer| Value { interface: &self.interface, pointer, strings: 0 })
        };
        // Owned before anything is judged, so that nothing leaks.
        let found: Vec<Option<Value<'a>>> = found.into_iter().map(own).collect();
        status.check()?;
        found.into_iter().collect::<Option<Vec<_>>>().ok_or_else(|| "an output is missing".to_owned())
    }

    /// The library.
    pub fn interface(&self) -> &Interface {
        &self.interface
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let functions = &self.interface.functions;
        let status = Status::new(&self.interface);
        // SAFETY: owned here alone; nobody runs it any more. The session goes before its graph.
        unsafe {
            (functions.close_session)(self.session.as_ptr(), status.pointer);
            (functions.delete_session)(self.session.as_ptr(), status.pointer);
            (functions.delete_graph)(self.graph.as_ptr());
        }
    }
}

/// A tensor of the library's.
pub(super) struct Value<'a> {
    interface: &'a Interface,
    pointer: NonNull<TfTensor>,
    /// Strings that were written here and must be freed here; those of outputs are the library's.
    strings: usize,
}

/// Types whose bytes are plain numbers, any of which is a value of the type.
pub(super) trait Plain: Copy {}

impl Plain for f32 {}
impl Plain for f64 {}
impl Plain for i8 {}
impl Plain for i16 {}
impl Plain for i32 {}
impl Plain for i64 {}
impl Plain for u8 {}
impl Plain for u16 {}
impl Plain for u32 {}
impl Plain for u64 {}

impl<'a> Value<'a> {
    fn allocate(
        interface: &'a Interface,
        data_type: c_int,
        shape: &[usize],
        bytes: usize,
    ) -> Result<Self, String> {
        let shape: Vec<i64> = shape.iter().map(|length| *length as i64).collect();
        // SAFETY: the shape lives beyond the call.
        let pointer = unsafe {
            (interface.functions.allocate_tensor)(data_type, shape.as_ptr(), shape.len() as c_int, bytes)
        };
        let pointer = NonNull::new(pointer).ok_or("no tensor could be made")?;
        let value = Self { interface, pointer, strings: 0 };
        match value.bytes() {
            found if found == bytes => Ok(value),
            found => Err(format!("a tensor of {found} bytes instead of {bytes}")),
        }
    }

    /// A tensor of numbers.
    pub fn of_numbers<T: Plain>(
        interface: &'a Interface,
        data_type: c_int,
        shape: &[usize],
        elements: &[T],
    ) -> Result<Self, String> {
        let value = Self::allocate(interface, data_type, shape, size_of_val(elements))?;
        if !elements.is_empty() {
            // SAFETY: both are as many bytes, and do not overlap; the library aligns its memory for every type.
            unsafe {
                ptr::copy_nonoverlapping(elements.as_ptr(), value.data().cast::<T>(), elements.len());
            }
        }
        Ok(value)
    }

    /// A tensor of strings.
    pub fn of_strings<'s>(
        interface: &'a Interface,
        data_type: c_int,
        shape: &[usize],
        strings: impl ExactSizeIterator<Item = &'s str>,
    ) -> Result<Self, String> {
        let count = strings.len();
        let mut value = Self::allocate(interface, data_type, shape, count * size_of::<TfString>())?;
        let first = value.data().cast::<TfString>();
        for (index, string) in strings.enumerate().take(count) {
            // SAFETY: `index` is below the number of strings that were allocated; each is initialised before it is
            // written, and copied.
            unsafe {
                (interface.functions.string_init)(first.add(index));
                (interface.functions.string_copy)(first.add(index), string.as_ptr().cast(), string.len());
            }
            value.strings += 1;
        }
        Ok(value)
    }

    fn data(&self) -> *mut c_void {
        // SAFETY: the tensor is alive.
        unsafe { (self.interface.functions.tensor_data)(self.pointer.as_ptr()) }
    }

    fn bytes(&self) -> usize {
        // SAFETY: the tensor is alive.
        unsafe { (self.interface.functions.tensor_bytes)(self.pointer.as_ptr()) }
    }

    /// `TF_DataType`.
    pub fn data_type(&self) -> c_int {
        // SAFETY: the tensor is alive.
        unsafe { (self.interface.functions.tensor_type)(self.pointer.as_ptr()) }
    }

    /// The shape.
    pub fn shape(&self) -> Vec<usize> {
        let functions = &self.interface.functions;
        // SAFETY: the tensor is alive, and each index is below its number of dimensions.
        unsafe {
            let count = (functions.dimension_count)(self.pointer.as_ptr());
            let length = |index| (functions.dimension)(self.pointer.as_ptr(), index);
            (0..count).map(|index| usize::try_from(length(index)).unwrap_or(0)).collect()
        }
    }

    /// The elements; `None` if they are not `count` of this size.
    pub fn numbers<T: Plain>(&self, count: usize) -> Option<Vec<T>> {
        if count.checked_mul(size_of::<T>())? != self.bytes() {
            return None;
        }
        let data = self.data().cast::<T>();
        // SAFETY: so many elements lie there, and any bytes are a value of the type. They are read without a claim
        // about alignment.
        Some((0..count).map(|index| unsafe { data.add(index).read_unaligned() }).collect())
    }

    /// The strings, each as bytes; `None` if they are not `count`.
    pub fn strings(&self, count: usize) -> Option<Vec<Vec<u8>>> {
        if count.checked_mul(size_of::<TfString>())? != self.bytes() {
            return None;
        }
        let functions = &self.interface.functions;
        let first = self.data().cast::<TfString>();
        let string = |index| {
            // SAFETY: so many strings lie there, initialised by the library; the bytes are copied at once.
            unsafe {
                let string: *const TfString = first.add(index);
                let size = (functions.string_size)(string);
                let data = (functions.string_data)(string).cast::<u8>();
                if size == 0 || data.is_null() {
                    return Vec::new();
                }
                std::slice::from_raw_parts(data, size).to_vec()
            }
        };
        Some((0..count).map(string).collect())
    }
}

impl Drop for Value<'_> {
    fn drop(&mut self) {
        let functions = &self.interface.functions;
        let first = self.data().cast::<TfString>();
        // SAFETY: owned here alone; only strings that were written here are freed here, each once.
        unsafe {
            for index in 0..self.strings {
                (functions.string_free)(first.add(index));
            }
            (functions.delete_tensor)(self.pointer.as_ptr());
        }
    }
}
