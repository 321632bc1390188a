//! From `.proto` text to a schema and a plan.

use std::collections::HashMap;
use std::sync::Arc;

use prost_reflect::{Cardinality, DescriptorPool, EnumDescriptor, FieldDescriptor, MessageDescriptor};
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};
use scorewheel_columns::{DataType, Field, Schema, TensorElement};

use super::plan::{Enumeration, Kind, Member, Node, Plan, Step, Target, Zero};
use crate::error::DeclarationError;

/// Columns of one message at most, so that a `.proto` file cannot ask for any number of them.
const COLUMN_LIMIT: usize = 4096;

/// A message of a `.proto` file: the schema of its columns, and the plan that decodes and encodes it.
///
/// ```
/// use scorewheel_codecs::ProtobufMessage;
///
/// let proto = r#"syntax = "proto3"; message Reading { double value = 1; optional string unit = 2; }"#;
/// let message = ProtobufMessage::compile(&[("reading.proto", proto)], "Reading", &[])?;
/// let names: Vec<&str> = message.schema().fields().iter().map(|field| &*field.name).collect();
/// assert_eq!(names, ["value", "unit"]);
/// # Ok::<(), scorewheel_codecs::DeclarationError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ProtobufMessage {
    name: Box<str>,
    plan: Arc<Plan>,
    left_out: Vec<LeftOut>,
}

/// A field of a message that is no column, and why; its values are skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The field, dotted.
    pub field: String,
    /// Why it is no column.
    pub reason: &'static str,
}

impl ProtobufMessage {
    /// Compiles `files` (name and text; the first is the one with the message, the others what it imports) and plans
    /// the message `message` (its name, with the package if there is one).
    ///
    /// `declared` are fields, by their dotted name, whose column is of another type than the `.proto` file says: the
    /// shape of a repeated number, or a date, time or date-time.
    ///
    /// # Errors
    /// [`DeclarationError`] if the text does not compile, the message is not there, or a declared type does not fit.
    pub fn compile(
        files: &[(&str, &str)],
        message: &str,
        declared: &[Field],
    ) -> Result<Self, DeclarationError> {
        let pool = descriptors(files)?;
        let descriptor = pool.get_message_by_name(message).ok_or_else(|| {
            let known: Vec<String> = pool.all_messages().map(|known| known.full_name().to_owned()).collect();
            DeclarationError::UnknownMessage { message: message.to_owned(), known: known.join(", ") }
        })?;
        Self::of_descriptor(&descriptor, declared)
    }

    /// Plans a message that is compiled already; see [`ProtobufMessage::compile`].
    ///
    /// # Errors
    /// As there.
    pub fn of_descriptor(
        descriptor: &MessageDescriptor,
        declared: &[Field],
    ) -> Result<Self, DeclarationError> {
        let mut planner = Planner {
            declared: declared.iter().map(|field| (&*field.name, &field.data_type)).collect(),
            fields: Vec::new(),
            nodes: Vec::new(),
            enumerations: Vec::new(),
            oneofs: Vec::new(),
            lists: Vec::new(),
            tensors: Vec::new(),
            left_out: Vec::new(),
            open: Vec::new(),
        };
        planner.message(descriptor, "", false, false)?;
        if planner.fields.is_empty() {
            return Err(DeclarationError::NoFields(descriptor.full_name().to_owned()));
        }
        if let Some(unknown) =
            declared.iter().find(|known| !planner.fields.iter().any(|field| field.name == known.name))
        {
            return Err(DeclarationError::UnknownField(unknown.name.to_string()));
        }
        let plan = Plan {
            schema: Arc::new(Schema::new(planner.fields)?),
            nodes: planner.nodes,
            enumerations: planner.enumerations,
            oneofs: planner.oneofs,
            lists: planner.lists,
            tensors: planner.tensors,
        };
        Ok(Self { name: descriptor.full_name().into(), plan: Arc::new(plan), left_out: planner.left_out })
    }

    /// The message's name, with its package.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The columns: the message's fields in the order of the `.proto` file, nested ones under dotted names.
    #[must_use]
    pub fn schema(&self) -> &Arc<Schema> {
        &self.plan.schema
    }

    /// The fields that are no columns.
    #[must_use]
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    pub(super) fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }
}

/// Serves the given texts to the compiler.
struct Texts(HashMap<String, String>);

impl FileResolver for Texts {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        match self.0.get(name) {
            Some(text) => File::from_source(name, text),
            None => Err(protox::Error::file_not_found(name)),
        }
    }
}

fn descriptors(files: &[(&str, &str)]) -> Result<DescriptorPool, DeclarationError> {
    let Some((root, _)) = files.first() else {
        return Err(DeclarationError::Proto("there is no file".into()));
    };
    let texts = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let mut resolver = ChainFileResolver::new();
    resolver.add(Texts(texts));
    resolver.add(GoogleFileResolver::new());
    let mut compiler = protox::Compiler::with_file_resolver(resolver);
    compiler.include_imports(true);
    match compiler.open_file(root) {
        Ok(compiler) => Ok(compiler.descriptor_pool()),
        Err(error) => Err(DeclarationError::Proto(format!("{error}"))),
    }
}

struct Planner<'a> {
    declared: HashMap<&'a str, &'a DataType>,
    fields: Vec<Field>,
    nodes: Vec<Node>,
    enumerations: Vec<Enumeration>,
    oneofs: Vec<Vec<Member>>,
    lists: Vec<usize>,
    tensors: Vec<usize>,
    left_out: Vec<LeftOut>,
    /// Messages from the root to where the planner stands, to see recursion.
    open: Vec<String>,
}

impl Planner<'_> {
    /// Plans a message and gives its node; `nested` says that the message itself may be absent, `wrapper` that its
    /// only field takes the message's own name.
    fn message(
        &mut self,
        message: &MessageDescriptor,
        prefix: &str,
        nested: bool,
        wrapper: bool,
    ) -> Result<usize, DeclarationError> {
        let node = self.nodes.len();
        self.nodes.push(Node::new(Vec::new(), Vec::new()));
        self.open.push(message.full_name().to_owned());
        // Real oneofs only: the one of an `optional` field has no other member to clear.
        let oneofs: Vec<_> = message.oneofs().filter(|oneof| !oneof.is_synthetic()).collect();
        let first_oneof = self.oneofs.len();
        self.oneofs.extend(oneofs.iter().map(|_| Vec::new()));
        let (mut steps, mut zeros) = (Vec::new(), Vec::new());
        for field in message.fields() {
            let name = match (wrapper, prefix) {
                (true, _) => prefix.to_owned(),
                (false, "") => field.name().to_owned(),
                (false, _) => format!("{prefix}.{}", field.name()),
            };
            let first_column = self.fields.len();
            let oneof = field.containing_oneof().filter(|oneof| !oneof.is_synthetic());
            let oneof = oneof.and_then(|oneof| oneofs.iter().position(|known| *known == oneof));
            let oneof = oneof.map(|position| first_oneof + position);
            let Some(step) = self.field(&field, &name, nested, oneof)? else { continue };
            if let Some(members) = oneof.and_then(|oneof| self.oneofs.get_mut(oneof)) {
                members.push(Member {
                    number: field.number(),
                    columns: (first_column..self.fields.len()).collect(),
                });
            }
            let zero = match step.target {
                Target::Cell | Target::List => !step.presence,
                // An absent text is no date.
                Target::Temporal => !step.presence && step.kind != Kind::String,
                _ => false,
            };
            let enumeration =
                (step.kind == Kind::Enum && step.target == Target::Cell).then_some(step.enumeration);
            // At the top an absent number is zero already; an enum's zero is a name.
            if zero && (nested || enumeration.is_some()) {
                zeros.push(Zero { column: step.column, enumeration });
            }
            steps.push(step);
        }
        self.open.pop();
        self.nodes[node] = Node::new(steps, zeros);
        Ok(node)
    }

    fn field(
        &mut self,
        field: &FieldDescriptor,
        name: &str,
        nested: bool,
        oneof: Option<usize>,
    ) -> Result<Option<Step>, DeclarationError> {
        let step = Step {
            number: field.number(),
            kind: Kind::Double,
            target: Target::Cell,
            column: 0,
            enumeration: 0,
            oneof,
            presence: field.supports_presence(),
            packed: field.is_packed(),
        };
        if let prost_reflect::Kind::Message(message) = field.kind() {
            return self.nested_message(field, &message, name, step);
        }
        let prost_reflect::Kind::Enum(enumeration) = field.kind() else {
            return self.scalar(field, name, nested, step);
        };
        let enumeration = self.enumeration(&enumeration);
        self.scalar(field, name, nested, Step { enumeration, ..step })
    }

    fn nested_message(
        &mut self,
        field: &FieldDescriptor,
        message: &MessageDescriptor,
        name: &str,
        step: Step,
    ) -> Result<Option<Step>, DeclarationError> {
        let reason = if field.is_map() {
            Some("a map")
        } else if field.cardinality() == Cardinality::Repeated {
            Some("a repeated message")
        } else if field.is_group() {
            Some("a group")
        } else if self.open.iter().any(|open| open == message.full_name()) {
            Some("a recursive message")
        } else {
            None
        };
        if let Some(reason) = reason {
            self.left_out.push(LeftOut { field: name.to_owned(), reason });
            return Ok(None);
        }
        if message.full_name() == "google.protobuf.Timestamp" {
            let column = self.column(name, DataType::DateTime, true)?;
            return Ok(Some(Step { target: Target::Timestamp, column, ..step }));
        }
        let wrapper = message.parent_file().name() == "google/protobuf/wrappers.proto";
        let node = self.message(message, name, true, wrapper)?;
        Ok(Some(Step { target: Target::Message(node as u32), ..step }))
    }

    fn scalar(
        &mut self,
        field: &FieldDescriptor,
        name: &str,
        nested: bool,
        step: Step,
    ) -> Result<Option<Step>, DeclarationError> {
        let (kind, own) = match field.kind() {
            prost_reflect::Kind::Double => (Kind::Double, DataType::F64),
            prost_reflect::Kind::Float => (Kind::Float, DataType::F32),
            prost_reflect::Kind::Int32 => (Kind::Int32, DataType::I64),
            prost_reflect::Kind::Int64 => (Kind::Int64, DataType::I64),
            prost_reflect::Kind::Uint32 => (Kind::Uint32, DataType::I64),
            prost_reflect::Kind::Uint64 => (Kind::Uint64, DataType::I64),
            prost_reflect::Kind::Sint32 => (Kind::Sint32, DataType::I64),
            prost_reflect::Kind::Sint64 => (Kind::Sint64, DataType::I64),
            prost_reflect::Kind::Fixed32 => (Kind::Fixed32, DataType::I64),
            prost_reflect::Kind::Fixed64 => (Kind::Fixed64, DataType::I64),
            prost_reflect::Kind::Sfixed32 => (Kind::Sfixed32, DataType::I64),
            prost_reflect::Kind::Sfixed64 => (Kind::Sfixed64, DataType::I64),
            prost_reflect::Kind::Bool => (Kind::Bool, DataType::Bool),
            prost_reflect::Kind::String => (Kind::String, DataType::Text),
            prost_reflect::Kind::Enum(_) => (Kind::Enum, DataType::Text),
            prost_reflect::Kind::Bytes | prost_reflect::Kind::Message(_) => {
                self.left_out.push(LeftOut { field: name.to_owned(), reason: "bytes" });
                return Ok(None);
            }
        };
        let declared = self.declared.get(name).copied();
        let repeated = field.cardinality() == Cardinality::Repeated;
        let (target, data_type) = match (repeated, declared) {
            (false, None) => (Target::Cell, own),
            (false, Some(declared)) if *declared == own => (Target::Cell, own),
            (false, Some(declared @ (DataType::Date | DataType::Time | DataType::DateTime)))
                if kind == Kind::String || (own == DataType::I64 && kind != Kind::Enum) =>
            {
                (Target::Temporal, declared.clone())
            }
            (true, None | Some(DataType::TextList)) if own == DataType::Text => {
                (Target::List, DataType::TextList)
            }
            (true, Some(declared @ DataType::Tensor { element, .. })) if feeds(&own, *element) => {
                let slot = self.tensors.len() as u32;
                (Target::Tensor(slot), declared.clone())
            }
            (true, None) => {
                let reason = "a repeated number without a declared shape";
                self.left_out.push(LeftOut { field: name.to_owned(), reason });
                return Ok(None);
            }
            (_, Some(declared)) => {
                return Err(DeclarationError::WrongType {
                    field: name.to_owned(),
                    proto: format!("{}{:?}", if repeated { "repeated " } else { "" }, field.kind()),
                    declared: declared.to_string(),
                });
            }
        };
        let optional = match target {
            Target::Tensor(_) => true,
            Target::Temporal if kind == Kind::String => true,
            _ => nested || step.presence,
        };
        let column = self.column(name, data_type, optional)?;
        match target {
            Target::List => self.lists.push(column),
            Target::Tensor(_) => self.tensors.push(column),
            _ => {}
        }
        Ok(Some(Step { kind, target, column, ..step }))
    }

    fn column(&mut self, name: &str, data_type: DataType, optional: bool) -> Result<usize, DeclarationError> {
        if self.fields.len() >= COLUMN_LIMIT {
            return Err(DeclarationError::Proto(format!("the message has more than {COLUMN_LIMIT} fields")));
        }
        self.fields.push(Field { name: name.into(), data_type, optional });
        Ok(self.fields.len() - 1)
    }

    fn enumeration(&mut self, descriptor: &EnumDescriptor) -> usize {
        let mut names: Vec<(i32, Box<str>)> =
            descriptor.values().map(|value| (value.number(), value.name().into())).collect();
        names.sort_by_key(|(number, _)| *number);
        names.dedup_by_key(|(number, _)| *number);
        self.enumerations.push(Enumeration { names, default: descriptor.default_value().name().into() });
        self.enumerations.len() - 1
    }
}

/// Whether a value of this type can be an element of such a tensor.
fn feeds(own: &DataType, element: TensorElement) -> bool {
    match own {
        DataType::Text => element == TensorElement::Text,
        DataType::F64 | DataType::F32 => matches!(element, TensorElement::F32 | TensorElement::F64),
        DataType::I64 => element != TensorElement::Text,
        _ => false,
    }
}
