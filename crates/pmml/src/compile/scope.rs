//! Which name means which slot, model within model.

use std::collections::HashMap;

use crate::compile::Compiler;
use crate::document::schema::Usage;
use crate::document::{DerivedField, MiningField, ModelHead};
use crate::fault::{Fault, Result};
use crate::plan::{Slot, Source};
use crate::value::Kind;

/// Index of a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScopeId(pub usize);

/// What a name means.
#[derive(Clone, Copy, Debug)]
pub enum Binding<'d, 'a> {
    /// A slot.
    Slot(Slot),
    /// A field of the mining schema, not read so far.
    Mining(&'d MiningField<'a>),
    /// A derived field, not read so far.
    Derived(&'d DerivedField<'a>),
    /// A derived field that is being compiled: reading it now closes a cycle.
    Busy,
}

/// The names of one model.
pub struct Scope<'d, 'a> {
    /// The model around this one.
    pub parent: Option<ScopeId>,
    /// Names of the mining schema, of local transformations, and of what earlier segments hand on.
    pub names: HashMap<&'a str, Binding<'d, 'a>>,
    /// Fields of the mining schema that a local derived field of the same name hides from all but itself.
    pub hidden: HashMap<&'a str, &'d MiningField<'a>>,
    /// Names of the transformation dictionary; in the root's scope only.
    pub globals: HashMap<&'a str, Binding<'d, 'a>>,
}

impl<'d, 'a> Compiler<'d, 'a> {
    /// Opens the scope of a model.
    pub fn open_scope(&mut self, parent: Option<ScopeId>, head: &'d ModelHead<'a>) -> Result<ScopeId> {
        let mut names = HashMap::new();
        let mut hidden = HashMap::new();
        for field in &head.mining_schema.fields {
            if parent.is_none() && !self.data_fields.contains_key(field.name) {
                return Err(Fault::invalid(
                    field.offset,
                    format!(
                        "the mining schema names {:?}, which the data dictionary does not have",
                        field.name
                    ),
                ));
            }
            if names.insert(field.name, Binding::Mining(field)).is_some() {
                return Err(Fault::invalid(
                    field.offset,
                    format!("two fields of the mining schema are named {:?}", field.name),
                ));
            }
        }
        for field in &head.transformations.fields {
            let Some(name) = field.name else { continue };
            match names.insert(name, Binding::Derived(field)) {
                Some(Binding::Derived(_)) => {
                    return Err(Fault::invalid(
                        field.offset,
                        format!("two derived fields are named {name:?}"),
                    ));
                }
                Some(Binding::Mining(mining)) => {
                    hidden.insert(name, mining);
                }
                _ => {}
            }
        }
        self.scopes.push(Scope { parent, names, hidden, globals: HashMap::new() });
        Ok(ScopeId(self.scopes.len() - 1))
    }

    /// Closes the innermost scope; its names are not needed any more.
    pub fn close_scope(&mut self, scope: ScopeId) {
        self.scopes.truncate(scope.0);
    }

    /// Gives a name to a slot: what an earlier segment hands on.
    pub fn bind(&mut self, scope: ScopeId, name: &'a str, slot: Slot) {
        self.scopes[scope.0].names.insert(name, Binding::Slot(slot));
    }

    /// The slot that `name` means in `scope`. A name that nothing defines becomes a slot that fails when it is read.
    pub fn resolve(&mut self, scope: ScopeId, name: &'a str, offset: u32) -> Result<Slot> {
        match self.find(scope, name, offset)? {
            Some(slot) => Ok(slot),
            None => {
                self.reserve(format!("the name {name:?} is not defined"));
                let slot = self.add_slot(name, None, Source::Undefined);
                self.scopes[0].globals.insert(name, Binding::Slot(slot));
                Ok(slot)
            }
        }
    }

    /// The slot that `name` means in `scope`, if anything defines it.
    pub fn find(&mut self, scope: ScopeId, name: &'a str, offset: u32) -> Result<Option<Slot>> {
        let parent = self.scopes[scope.0].parent;
        if let Some(binding) = self.scopes[scope.0].names.get(name).copied() {
            match binding {
                Binding::Slot(slot) => return Ok(Some(slot)),
                Binding::Mining(field) => {
                    let slot = match parent {
                        None => Some(self.root_field(field)?),
                        Some(parent) => self.nested_field(parent, field)?,
                    };
                    if let Some(slot) = slot {
                        self.scopes[scope.0].names.insert(name, Binding::Slot(slot));
                        return Ok(Some(slot));
                    }
                }
                Binding::Derived(field) => {
                    self.scopes[scope.0].names.insert(name, Binding::Busy);
                    let slot = self.nested(offset, |compiler| compiler.derived(scope, field))?;
                    self.scopes[scope.0].names.insert(name, Binding::Slot(slot));
                    return Ok(Some(slot));
                }
                Binding::Busy => return self.find_behind(scope, parent, name, offset),
            }
        }
        match parent {
            Some(parent) => self.find(parent, name, offset),
            None => self.find_global(name, offset),
        }
    }

    /// What a local derived field means by its own name: the field of that name around it, else a cycle.
    fn find_behind(
        &mut self,
        scope: ScopeId,
        parent: Option<ScopeId>,
        name: &'a str,
        offset: u32,
    ) -> Result<Option<Slot>> {
        if let Some(field) = self.scopes[scope.0].hidden.get(name).copied() {
            let slot = match parent {
                None => Some(self.root_field(field)?),
                Some(parent) => self.nested_field(parent, field)?,
            };
            if slot.is_some() {
                return Ok(slot);
            }
        }
        if let Some(parent) = parent
            && let Some(slot) = self.find(parent, name, offset)?
        {
            return Ok(Some(slot));
        }
        Err(cycle(name, offset))
    }

    fn find_global(&mut self, name: &'a str, offset: u32) -> Result<Option<Slot>> {
        let Some(binding) = self.scopes[0].globals.get(name).copied() else { return Ok(None) };
        match binding {
            Binding::Slot(slot) => Ok(Some(slot)),
            Binding::Derived(field) => {
                self.scopes[0].globals.insert(name, Binding::Busy);
                let slot = self.nested(offset, |compiler| compiler.derived(ScopeId(0), field))?;
                self.scopes[0].globals.insert(name, Binding::Slot(slot));
                Ok(Some(slot))
            }
            Binding::Busy => Err(cycle(name, offset)),
            Binding::Mining(_) => Ok(None),
        }
    }

    /// Compiles a derived field of a scope into a slot.
    pub fn derived(&mut self, scope: ScopeId, field: &'d DerivedField<'a>) -> Result<Slot> {
        let kind = Kind::of(field.data_type);
        let name = field.name.unwrap_or("");
        let place = self.place(format!("DerivedField {name:?}"));
        let expression = self.expression_of(scope, kind, &field.expression)?;
        let slot = self.add_slot(name, Some(kind), Source::Derived { expression, place });
        let order = self.order(field.op_type, kind, &field.values);
        let plan = &mut self.slots[slot.index()];
        plan.order = order;
        plan.is_categorical = field.op_type != crate::document::OpType::Continuous;
        Ok(slot)
    }

    fn root_field(&mut self, field: &'d MiningField<'a>) -> Result<Slot> {
        let Some(&data) = self.data_fields.get(field.name) else {
            return Err(Fault::invalid(field.offset, format!("field {:?} is not defined", field.name)));
        };
        let kind = match self.inputs.iter().find(|input| *input.name == *field.name) {
            Some(input) => input.kind,
            None => Kind::of(data.data_type),
        };
        let input = self.input(field.name, kind);
        let treatment = self.treatment(data, field, kind)?;
        if field.usage == Usage::Active && treatment.missing == crate::plan::treatment::MissingRule::Keep {
            self.required[input as usize] = true;
        }
        let slot =
            self.add_slot(field.name, Some(kind), Source::Input { input, treatment: Box::new(treatment) });
        self.describe_slot(slot, data, field, kind);
        Ok(slot)
    }

    /// A field of a nested mining schema: that of the model around it, under a treatment of its own if it has one.
    fn nested_field(&mut self, parent: ScopeId, field: &'d MiningField<'a>) -> Result<Option<Slot>> {
        let Some(outer) = self.find(parent, field.name, field.offset)? else { return Ok(None) };
        let Some(&data) = self.data_fields.get(field.name) else { return Ok(Some(outer)) };
        if crate::compile::field::is_plain(field) {
            return Ok(Some(outer));
        }
        let kind = self.slots[outer.index()].kind.unwrap_or(Kind::of(data.data_type));
        let treatment = self.treatment(data, field, kind)?;
        let source = Source::Field { slot: outer, treatment: Box::new(treatment) };
        let slot = self.add_slot(field.name, Some(kind), source);
        self.describe_slot(slot, data, field, kind);
        Ok(Some(slot))
    }
}

fn cycle(name: &str, offset: u32) -> Fault {
    Fault::invalid(offset, format!("the derived field {name:?} is computed from itself"))
}
