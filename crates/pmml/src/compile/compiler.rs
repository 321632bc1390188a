//! The plan under construction.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use scorewheel_columns::{DataType, Dictionary};
use scorewheel_model::InputField;

use crate::compile::answer;
use crate::compile::expression::FunctionState;
use crate::compile::hopeless::{self, Failing};
use crate::compile::scope::{Scope, ScopeId};
use crate::document::schema::Usage;
use crate::document::{DataField, DataType as DocumentType, DerivedField, Document, ModelDocument};
use crate::fault::{Fault, Result};
use crate::functions::text_index::Tokenizer;
use crate::plan::expression::Function;
use crate::plan::{
    Expression, FunctionPlan, InputPlan, ModelId, ModelPlan, Place, Plan, Slot, SlotPlan, Source,
};
use crate::value::{Datum, Kind};

/// Longest chain of derived fields, functions and nested models that refer to one another.
pub const NESTING_LIMIT: usize = 256;

/// How deep evaluating a derived field or a function recurses at most. What is named before it is read is compiled without
/// nesting, and recursion for a row has no other bound; a stack of 2 MiB holds twice as much.
pub const DEPTH_LIMIT: u32 = 1_000;

/// Compiles the model with this index.
///
/// # Errors
/// [`Fault`] if no record could be scored by the document, or it uses what this engine does not evaluate.
pub fn compile(document: &Document<'_>, model: usize) -> Result<Plan> {
    let root = &document.models[model];
    let mut compiler = Compiler::new(document)?;
    let scope = compiler.open_root(root)?;
    let root = compiler.model(root, scope)?;
    compiler.finish(root)
}

/// The plan under construction.
pub struct Compiler<'d, 'a> {
    /// The document.
    pub document: &'d Document<'a>,
    /// Strings met so far.
    pub texts: Dictionary,
    pub(super) data_fields: HashMap<&'a str, &'d DataField<'a>, RandomState>,
    pub(super) global_fields: HashMap<&'a str, &'d DerivedField<'a>, RandomState>,
    /// True while a field of the transformation dictionary is compiled.
    pub(super) in_global_field: bool,
    pub(super) slots: Vec<SlotPlan>,
    pub(super) scopes: Vec<Scope<'d, 'a>>,
    pub(super) inputs: Vec<InputPlan>,
    pub(super) required: Vec<bool>,
    pub(super) function_states: HashMap<&'a str, FunctionState<'d, 'a>, RandomState>,
    pub(super) functions: Vec<FunctionPlan>,
    models: Vec<Option<ModelPlan>>,
    places: Vec<Box<str>>,
    reservations: Vec<String>,
    /// What fails whenever it is read, and what is then wrong with the document.
    pub(super) failing: Vec<(Failing, Fault)>,
    tokenizers: Vec<(String, Tokenizer)>,
    /// Type of the categories that segments without a target of their own tell apart.
    pub inherited_kind: Option<Kind>,
    depth: usize,
}

impl<'d, 'a> Compiler<'d, 'a> {
    fn new(document: &'d Document<'a>) -> Result<Self> {
        let mut data_fields = HashMap::default();
        for field in &document.dictionary.fields {
            if data_fields.insert(field.name, field).is_some() {
                return Err(Fault::invalid(
                    field.offset,
                    format!("two data fields are named {:?}", field.name),
                ));
            }
        }
        let mut function_states = HashMap::default();
        for function in &document.transformations.functions {
            if function_states.insert(function.name, FunctionState::Waiting(function)).is_some() {
                return Err(Fault::invalid(
                    function.offset,
                    format!("two functions are named {:?}", function.name),
                ));
            }
        }
        Ok(Self {
            document,
            texts: Dictionary::new(),
            data_fields,
            global_fields: HashMap::default(),
            in_global_field: false,
            slots: Vec::new(),
            scopes: Vec::new(),
            inputs: Vec::new(),
            required: Vec::new(),
            function_states,
            functions: Vec::new(),
            models: Vec::new(),
            places: vec!["the record".into()],
            reservations: Vec::new(),
            failing: Vec::new(),
            tokenizers: Vec::new(),
            inherited_kind: None,
            depth: 0,
        })
    }

    /// The scope of the root model: its mining schema makes the inputs; global derived fields are seen from here.
    fn open_root(&mut self, model: &'d ModelDocument<'a>) -> Result<ScopeId> {
        let head = &model.head;
        let scope = self.open_scope(None, head)?;
        for field in &self.document.transformations.fields {
            let Some(name) = field.name else { continue };
            if self.global_fields.insert(name, field).is_some() {
                return Err(Fault::invalid(field.offset, format!("two derived fields are named {name:?}")));
            }
        }
        let listed = crate::compile::field::holds_lists(head);
        let is_basket = crate::elements::association::is_basket(model);
        for field in &head.mining_schema.fields {
            if matches!(field.usage, Usage::Active) {
                let kind = match self.data_fields.get(field.name) {
                    Some(_) if listed => Kind::List,
                    Some(data) if is_basket && data.data_type == DocumentType::String => Kind::List,
                    Some(data) => Kind::of(data.data_type),
                    None => continue,
                };
                self.input(field.name, kind);
            }
        }
        Ok(scope)
    }

    /// The data field of this name.
    #[must_use]
    pub fn data_field(&self, name: &str) -> Option<&'d DataField<'a>> {
        self.data_fields.get(name).copied()
    }

    /// The index of an input, added if it is new.
    pub(super) fn input(&mut self, name: &str, kind: Kind) -> u32 {
        if let Some(found) = self.inputs.iter().position(|input| &*input.name == name) {
            return found as u32;
        }
        self.inputs.push(InputPlan { name: name.into(), kind });
        self.required.push(false);
        self.inputs.len() as u32 - 1
    }

    /// Makes a field of the record an input that holds lists, before anything reads it otherwise.
    pub fn list_input(&mut self, name: &str) {
        self.input(name, Kind::List);
    }

    /// Adds a slot.
    pub fn add_slot(&mut self, name: &str, kind: Option<Kind>, source: Source) -> Slot {
        let depth = match &source {
            Source::Derived { expression, .. } => self.depth_of(expression),
            Source::Field { slot, .. } => self.slots[slot.index()].depth + 1,
            Source::Input { .. } | Source::Output | Source::Undefined => 0,
        };
        let name = name.into();
        self.slots.push(SlotPlan { name, kind, order: None, is_categorical: false, depth, source });
        Slot(self.slots.len() as u32 - 1)
    }

    /// A slot's plan.
    #[must_use]
    pub fn slot_plan(&self, slot: Slot) -> &SlotPlan {
        &self.slots[slot.index()]
    }

    /// The plans of all slots so far.
    #[must_use]
    pub fn slot_plans(&self) -> &[SlotPlan] {
        &self.slots
    }

    /// Names a place where errors of rows can arise.
    pub fn place(&mut self, words: impl Into<Box<str>>) -> Place {
        self.places.push(words.into());
        Place(self.places.len() as u32 - 1)
    }

    /// Notes an element that some records cannot be scored by.
    pub fn reserve(&mut self, words: impl Into<String>) {
        let words = words.into();
        if !self.reservations.contains(&words) {
            self.reservations.push(words);
        }
    }

    /// The index of a tokenizer; those of equal settings, told by `key`, share one.
    pub fn tokenizer(&mut self, key: String, tokenizer: Tokenizer) -> u32 {
        match self.tokenizers.iter().position(|(known, _)| *known == key) {
            Some(index) => index as u32,
            None => {
                self.tokenizers.push((key, tokenizer));
                self.tokenizers.len() as u32 - 1
            }
        }
    }

    /// The code of a string.
    pub fn text(&mut self, text: &str) -> u32 {
        self.texts.intern(text)
    }

    /// `text` as a value of `kind`, if it is one.
    pub fn parse(&mut self, kind: Kind, text: &str) -> Option<Datum> {
        let texts = &mut self.texts;
        crate::value::parsing::parse(kind, text, |text| texts.intern(text))
            .map(|number| Datum::new(kind, number))
    }

    /// How a value is written, as a string code.
    pub fn written(&mut self, datum: Datum) -> u32 {
        if let Some(code) = datum.as_text() {
            return code;
        }
        let mut own = Dictionary::new();
        let mut text = String::new();
        crate::value::writing::write(&mut text, datum, &crate::value::Texts::new(&self.texts, &mut own));
        self.texts.intern(&text)
    }

    /// Runs `work` one level deeper, within [`NESTING_LIMIT`].
    pub fn nested<T>(&mut self, offset: u32, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= NESTING_LIMIT {
            let message =
                format!("fields, functions or models refer to one another deeper than {NESTING_LIMIT}");
            return Err(Fault::too_large(offset, message));
        }
        self.depth += 1;
        let result = work(self);
        self.depth -= 1;
        result
    }

    /// How deep evaluating an expression recurses, the fields and functions that it reads included.
    pub(super) fn depth_of(&self, expression: &Expression) -> u32 {
        let deepest = |parts: &[Expression]| parts.iter().map(|part| self.depth_of(part)).max().unwrap_or(0);
        let below = match expression {
            Expression::Constant(_) | Expression::Parameter { .. } | Expression::Unsupported(_) => 0,
            Expression::Field { slot, .. } => self.slots[slot.index()].depth,
            Expression::Piecewise(piecewise) => self.depth_of(&piecewise.argument),
            Expression::Indicator(indicator) => self.depth_of(&indicator.argument),
            Expression::Bins(bins) => self.depth_of(&bins.argument),
            Expression::Lookup(lookup) => deepest(&lookup.arguments),
            Expression::Term(term) => self.depth_of(&term.text).max(self.depth_of(&term.term)),
            Expression::OneRecord(one) => self.depth_of(&one.argument),
            Expression::Call(call) => {
                let own = match call.function {
                    Function::Defined(index) => self.functions[index as usize].depth,
                    Function::Builtin(_) => 0,
                };
                deepest(&call.arguments).max(own)
            }
        };
        below + 1
    }

    /// Refuses what recurses deeper than [`DEPTH_LIMIT`].
    pub(super) fn check_depth(&self, offset: u32, what: &str, depth: u32) -> Result<()> {
        if depth > DEPTH_LIMIT {
            let message = format!("{what} is computed from others deeper than {DEPTH_LIMIT}");
            return Err(Fault::too_large(offset, message));
        }
        Ok(())
    }

    /// Compiles a model of a scope and gives its index.
    pub fn model(&mut self, model: &'d ModelDocument<'a>, scope: ScopeId) -> Result<ModelId> {
        self.nested(model.head.offset, |compiler| {
            let id = ModelId(compiler.models.len() as u32);
            compiler.models.push(None);
            let plan = crate::compile::model::compile_model(compiler, model, scope, id)?;
            compiler.models[id.0 as usize] = Some(plan);
            Ok(id)
        })
    }

    /// A model that is compiled already.
    ///
    /// # Panics
    /// Never: models are compiled before they are referred to; an index from elsewhere would be a defect.
    #[must_use]
    pub fn model_plan(&self, id: ModelId) -> Option<&ModelPlan> {
        self.models.get(id.0 as usize)?.as_ref()
    }

    fn finish(mut self, root: ModelId) -> Result<Plan> {
        let models: Vec<ModelPlan> = self.models.drain(..).flatten().collect();
        hopeless::refuse(&models, root, &self.slots, &self.failing)?;
        let answer = answer::compile(&models, root, &mut self.texts, &self.slots)?;
        let input_fields = self
            .inputs
            .iter()
            .zip(&self.required)
            .map(|(input, required)| InputField {
                name: input.name.clone(),
                data_type: column_type(input.kind),
                required: *required,
            })
            .collect();
        self.slots.shrink_to_fit();
        let mut plan = Plan {
            texts: self.texts,
            inputs: self.inputs,
            input_fields,
            slots: self.slots,
            functions: self.functions,
            tokenizers: self.tokenizers.into_iter().map(|(_, tokenizer)| tokenizer).collect(),
            models,
            root,
            answer,
            places: self.places,
            reservations: self.reservations,
        };
        crate::elements::nearest_neighbor::transform(&mut plan)?;
        crate::elements::tree::compile_columns(&mut plan);
        crate::elements::tree::share_answers(&mut plan);
        crate::elements::measure::limit_rankings(&mut plan);
        Ok(plan)
    }
}

/// The column in which an input of this kind is taken.
#[must_use]
pub fn column_type(kind: Kind) -> DataType {
    match kind {
        Kind::Integer => DataType::I64,
        Kind::Float => DataType::F32,
        Kind::Double => DataType::F64,
        Kind::Boolean => DataType::Bool,
        Kind::Text => DataType::Text,
        Kind::Date | Kind::DaysSince(_) => DataType::Date,
        Kind::Time | Kind::TimeSeconds => DataType::Time,
        Kind::DateTime | Kind::SecondsSince(_) => DataType::DateTime,
        Kind::List => DataType::TextList,
    }
}
