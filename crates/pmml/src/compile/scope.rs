//! Which name means which slot, model within model.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::compile::Compiler;
use crate::compile::hopeless::Failing;
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
    /// The slot of a field of the mining schema: models within do not see it, unless their own schema names it.
    MiningSlot(Slot),
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
    pub names: HashMap<&'a str, Binding<'d, 'a>, RandomState>,
    /// Fields of the mining schema that a local derived field of the same name hides from all but itself.
    pub hidden: HashMap<&'a str, &'d MiningField<'a>, RandomState>,
    /// True if the mining schema treats a field otherwise than the model around it.
    pub has_treatments: bool,
    /// True if the model has no mining schema and reads the fields of the model around it.
    pub is_embedded: bool,
    /// Names of the transformation dictionary; in the root's scope, and in those that treat fields otherwise.
    pub globals: HashMap<&'a str, Binding<'d, 'a>, RandomState>,
}

impl<'d, 'a> Compiler<'d, 'a> {
    /// Opens the scope of a model.
    pub fn open_scope(&mut self, parent: Option<ScopeId>, head: &'d ModelHead<'a>) -> Result<ScopeId> {
        let mut names = HashMap::default();
        let mut hidden = HashMap::default();
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
        let has_treatments = parent.is_none()
            || head.mining_schema.fields.iter().any(|field| !crate::compile::field::is_plain(field));
        let is_embedded = head.is_embedded;
        self.scopes.push(Scope {
            parent,
            names,
            hidden,
            has_treatments,
            is_embedded,
            globals: HashMap::default(),
        });
        Ok(ScopeId(self.scopes.len() - 1))
    }

    /// The name of a target as the mining schema of a scope has it.
    #[must_use]
    pub fn target_field(&self, scope: ScopeId, name: Option<&str>) -> Option<&'a str> {
        let names = &self.scopes[scope.0].names;
        let (known, _) = names.get_key_value(name?)?;
        Some(known)
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
                let words = format!("the name {name:?} is not defined");
                self.reserve(&words);
                let slot = self.add_slot(name, None, Source::Undefined);
                self.failing.push((Failing::Name(slot), Fault::invalid(offset, words)));
                self.scopes[0].globals.insert(name, Binding::Slot(slot));
                Ok(slot)
            }
        }
    }

    /// The slot that `name` means in `scope`, if anything defines it.
    pub fn find(&mut self, scope: ScopeId, name: &'a str, offset: u32) -> Result<Option<Slot>> {
        if let Some(slot) = self.find_named(scope, name, offset, true)? {
            return Ok(Some(slot));
        }
        let mut around = self.scopes[scope.0].parent;
        let mut is_embedded = self.scopes[scope.0].is_embedded;
        while let Some(outer) = around {
            // Fields of the data are handed down by mining schemas only; a field of the dictionary sees them all, and a
            // model without a mining schema those of the model around it.
            let sees_all = self.in_global_field || is_embedded;
            if let Some(slot) = self.find_named(outer, name, offset, sees_all)? {
                return Ok(Some(slot));
            }
            is_embedded &= self.scopes[outer.0].is_embedded;
            around = self.scopes[outer.0].parent;
        }
        self.find_global(scope, name, offset)
    }

    /// The slot that `name` means by the names of this very scope.
    fn find_named(
        &mut self,
        scope: ScopeId,
        name: &'a str,
        offset: u32,
        sees_mining: bool,
    ) -> Result<Option<Slot>> {
        let parent = self.scopes[scope.0].parent;
        let Some(binding) = self.scopes[scope.0].names.get(name).copied() else { return Ok(None) };
        match binding {
            Binding::Slot(slot) => Ok(Some(slot)),
            Binding::MiningSlot(slot) => Ok(sees_mining.then_some(slot)),
            Binding::Mining(field) => {
                if !sees_mining {
                    return Ok(None);
                }
                let slot = match parent {
                    None => Some(self.root_field(field)?),
                    Some(parent) => self.nested_field(parent, field)?,
                };
                if let Some(slot) = slot {
                    self.scopes[scope.0].names.insert(name, Binding::MiningSlot(slot));
                }
                Ok(slot)
            }
            Binding::Derived(field) => {
                self.scopes[scope.0].names.insert(name, Binding::Busy);
                let outer = std::mem::replace(&mut self.in_global_field, false);
                let slot = self.nested(offset, |compiler| compiler.derived(scope, field));
                self.in_global_field = outer;
                let slot = slot?;
                self.scopes[scope.0].names.insert(name, Binding::Slot(slot));
                Ok(Some(slot))
            }
            Binding::Busy => self.find_behind(scope, parent, name, offset),
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

    /// A field of the transformation dictionary, as the nearest model sees it that treats fields otherwise.
    fn find_global(&mut self, scope: ScopeId, name: &'a str, offset: u32) -> Result<Option<Slot>> {
        let mut owner = scope;
        while let (false, Some(parent)) = (self.scopes[owner.0].has_treatments, self.scopes[owner.0].parent) {
            owner = parent;
        }
        let binding = match self.scopes[owner.0].globals.get(name).copied() {
            Some(binding) => binding,
            None => match self.global_fields.get(name).copied() {
                Some(field) => Binding::Derived(field),
                None => return Ok(None),
            },
        };
        match binding {
            Binding::Slot(slot) => Ok(Some(slot)),
            Binding::Derived(field) => {
                self.scopes[owner.0].globals.insert(name, Binding::Busy);
                let outer = std::mem::replace(&mut self.in_global_field, true);
                let slot = self.nested(offset, |compiler| compiler.derived(owner, field));
                self.in_global_field = outer;
                let slot = slot?;
                self.scopes[owner.0].globals.insert(name, Binding::Slot(slot));
                Ok(Some(slot))
            }
            Binding::Busy => Err(cycle(name, offset)),
            Binding::Mining(_) | Binding::MiningSlot(_) => Ok(None),
        }
    }

    /// Compiles a derived field of a scope into a slot.
    pub fn derived(&mut self, scope: ScopeId, field: &'d DerivedField<'a>) -> Result<Slot> {
        let kind = Kind::of(field.data_type);
        let name = field.name.unwrap_or("");
        let place = self.place(format!("DerivedField {name:?}"));
        let expression = self.expression_of(scope, kind, &field.expression)?;
        let slot = self.add_slot(name, Some(kind), Source::Derived { expression, place });
        let depth = self.slots[slot.index()].depth;
        self.check_depth(field.offset, &format!("the derived field {name:?}"), depth)?;
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
        if crate::compile::field::is_plain(field) {
            return Ok(Some(outer));
        }
        let kind = self.slots[outer.index()].kind;
        let handed_on;
        let data = match self.data_fields.get(field.name) {
            Some(data) => *data,
            None => {
                // What an earlier segment hands on: nothing is declared of its values.
                handed_on = crate::compile::field::undeclared(field, kind.unwrap_or(Kind::Double));
                &handed_on
            }
        };
        let kind = kind.unwrap_or(Kind::of(data.data_type));
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
