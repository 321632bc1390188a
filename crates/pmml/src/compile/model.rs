//! What an element's `compile` works with; targets.

use crate::compile::expression::Standing;
use crate::compile::{Compiler, ScopeId, output};
use crate::document::targets::Target;
use crate::document::{DerivedField, MiningFunction, ModelDocument, ModelHead};
use crate::elements::{self, ElementDocument, ElementPlan};
use crate::fault::{Fault, Result};
use crate::plan::model::{Entities, Figures, TargetRules};
use crate::plan::{Expression, ModelId, ModelPlan, Place, Predicate, Slot, TargetPlan};
use crate::value::{Datum, Kind};

/// What an element's `compile` gives back.
pub struct Compiled {
    /// What is its own.
    pub element: ElementPlan,
    /// The categories that it can answer with, in the order in which ties are decided.
    pub categories: Vec<Datum>,
    /// Names of its entities.
    pub entities: Entities,
    /// Which figures it computes beside its prediction.
    pub figures: Figures,
    /// Targets that the element itself finds, in place of those of the mining schema.
    pub targets: Option<Vec<TargetPlan>>,
    /// Values of the first target with the code of how the element shows them.
    pub displays: Vec<(Datum, u32)>,
}

impl Compiled {
    /// An element without categories and entities.
    #[must_use]
    pub fn new(element: ElementPlan) -> Self {
        Self {
            element,
            categories: Vec::new(),
            entities: Entities::None,
            figures: Figures::default(),
            targets: None,
            displays: Vec::new(),
        }
    }
}

/// What an element's `compile` works with: its scope and its first target.
pub struct ModelContext<'c, 'd, 'a> {
    /// The plan under construction.
    pub compiler: &'c mut Compiler<'d, 'a>,
    /// What names mean within the model.
    pub scope: ScopeId,
    /// What all models have in common.
    pub head: &'d ModelHead<'a>,
    /// Type of the first target.
    pub target_kind: Kind,
}

impl<'d, 'a> ModelContext<'_, 'd, 'a> {
    /// The slot of a field.
    pub fn slot(&mut self, name: &'a str, offset: u32) -> Result<Slot> {
        self.compiler.resolve(self.scope, name, offset)
    }

    /// The kind of a slot's values; strings where only the row tells.
    #[must_use]
    pub fn kind(&self, slot: Slot) -> Kind {
        self.compiler.slot_plan(slot).kind.unwrap_or(Kind::Text)
    }

    /// A predicate over the model's fields.
    pub fn predicate(&mut self, predicate: &crate::document::Predicate<'a>) -> Result<Predicate> {
        self.compiler.predicate(self.scope, predicate)
    }

    /// An expression over the model's fields.
    pub fn expression(&mut self, expression: &'d crate::document::Expression<'a>) -> Result<Expression> {
        self.compiler.expression(self.scope, expression)
    }

    /// An expression over the model's fields, of which a type is expected.
    pub fn expression_of(
        &mut self,
        kind: Kind,
        expression: &'d crate::document::Expression<'a>,
    ) -> Result<Expression> {
        let at = Standing { scope: self.scope, parameters: &[], expected: Some(kind) };
        self.compiler.expression_at(at, expression)
    }

    /// The slot of a derived field that stands within the element.
    pub fn derived(&mut self, field: &'d DerivedField<'a>) -> Result<Slot> {
        self.compiler.derived(self.scope, field)
    }

    /// Compiles a model within this one, in a scope of its own.
    pub fn nested(&mut self, model: &'d ModelDocument<'a>) -> Result<ModelId> {
        let scope = self.compiler.open_scope(Some(self.scope), &model.head)?;
        let compiled = self.compiler.model(model, scope)?;
        self.compiler.close_scope(scope);
        Ok(compiled)
    }

    /// The code of a string.
    pub fn text(&mut self, text: &str) -> u32 {
        self.compiler.text(text)
    }

    /// `text` as a value of a field, as predicates and tables compare it; NaN, which equals nothing, if it is none.
    pub fn value_of(&mut self, slot: Slot, text: &str) -> f64 {
        let kind = self.kind(slot);
        self.compiler.constant_of_field(kind, text).unwrap_or(f64::NAN)
    }

    /// `text` as a category of the first target.
    pub fn category(&mut self, text: &str, offset: u32) -> Result<Datum> {
        let kind = self.target_kind;
        self.compiler.parse(kind, text).ok_or_else(|| {
            Fault::invalid(
                offset,
                format!("the category {text:?} is not of the target's type, {}", kind.describe()),
            )
        })
    }

    /// Names a place where errors of rows can arise.
    pub fn place(&mut self, words: impl Into<Box<str>>) -> Place {
        self.compiler.place(words)
    }

    /// True if it is the model that all records come to, and not one within another.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.scope == ScopeId(0)
    }

    /// True if the model tells categories apart.
    #[must_use]
    pub fn is_classification(&self) -> bool {
        self.head.function == MiningFunction::Classification
    }
}

/// The index of `category` in `categories`, added if it is new.
pub fn category_index(categories: &mut Vec<Datum>, category: Datum) -> u32 {
    match categories.iter().position(|known| *known == category) {
        Some(index) => index as u32,
        None => {
            categories.push(category);
            categories.len() as u32 - 1
        }
    }
}

/// Compiles a model: opens its scope if it is nested, then the element, its targets and outputs.
pub fn compile_model<'d, 'a>(
    compiler: &mut Compiler<'d, 'a>,
    model: &'d ModelDocument<'a>,
    scope: ScopeId,
    id: ModelId,
) -> Result<ModelPlan> {
    let head = &model.head;
    let place = compiler.place(match head.model_name {
        Some(name) => format!("{} {name:?}", head.element),
        None => head.element.to_owned(),
    });
    let mut targets = targets_of(compiler, model, scope)?;
    let target_kind = targets[0].kind;
    displays(compiler, &mut targets);
    let mut context = ModelContext { compiler, scope, head, target_kind };
    let compiled = elements::compile(&model.element, &mut context)?;
    if let Some(found) = compiled.targets {
        targets = found;
    }
    if targets[0].categories.is_empty() {
        targets[0].categories = compiled.categories;
    }
    targets[0].displays.extend(compiled.displays);
    targets.shrink_to_fit();
    let mut plan = ModelPlan {
        id,
        element_name: model.element.name(),
        function: head.function,
        is_embedded: head.is_embedded,
        math_context: head.math_context,
        element: compiled.element,
        targets,
        entities: compiled.entities,
        figures: compiled.figures,
        outputs: Vec::new(),
        place,
    };
    rules(compiler, head, &mut plan)?;
    if let Some(output) = &head.output {
        plan.outputs = output::compile(compiler, scope, output, &plan)?;
    }
    Ok(plan)
}

/// The targets that the mining schema names; a nameless one if it names none.
fn targets_of<'d, 'a>(
    compiler: &mut Compiler<'d, 'a>,
    document: &'d ModelDocument<'a>,
    scope: ScopeId,
) -> Result<Vec<TargetPlan>> {
    let head = &document.head;
    let mut targets = Vec::new();
    // A list of results is of the segments' target, or of none.
    let is_list = matches!(
        &*document.element,
        ElementDocument::Mining(mining) if mining.method == elements::mining::Method::SelectAll
    );
    for field in head.mining_schema.targets().filter(|_| !is_list) {
        let Some(&data) = compiler.data_fields.get(field.name) else {
            return Err(Fault::invalid(field.offset, format!("the target {:?} is not defined", field.name)));
        };
        targets.push(TargetPlan {
            name: Some(field.name.into()),
            kind: Kind::of(data.data_type),
            categories: Vec::new(),
            rules: None,
            displays: Vec::new(),
        });
    }
    let _ = scope;
    if targets.is_empty()
        && let Some(field) = target_of_segments(document)
        && let Some(&data) = compiler.data_fields.get(field)
    {
        targets.push(TargetPlan {
            name: Some(field.into()),
            kind: Kind::of(data.data_type),
            categories: Vec::new(),
            rules: None,
            displays: Vec::new(),
        });
    }
    if targets.is_empty() {
        targets.push(TargetPlan {
            name: None,
            kind: match (head.function, compiler.inherited_kind) {
                (MiningFunction::Classification, Some(kind)) => kind,
                _ => nameless_kind(head),
            },
            categories: Vec::new(),
            rules: None,
            displays: Vec::new(),
        });
    }
    Ok(targets)
}

/// The target that the segments of a model without one have.
fn target_of_segments<'a>(document: &ModelDocument<'a>) -> Option<&'a str> {
    let ElementDocument::Mining(mining) = &*document.element else { return None };
    mining.segments.iter().find_map(|segment| match segment.model.head.mining_schema.targets().next() {
        Some(field) => Some(field.name),
        None => target_of_segments(&segment.model),
    })
}

/// How values are shown that the data dictionary gives words for.
fn displays(compiler: &mut Compiler<'_, '_>, targets: &mut [TargetPlan]) {
    for target in targets {
        let field = target.name.as_deref().and_then(|name| compiler.data_field(name));
        for value in field.iter().flat_map(|field| &field.values) {
            if let (Some(display), Some(datum)) = (value.display, compiler.parse(target.kind, value.value)) {
                let code = compiler.text(display);
                target.displays.push((datum, code));
            }
        }
    }
}

/// Type of a prediction that no data field describes.
fn nameless_kind(head: &ModelHead<'_>) -> Kind {
    match head.function {
        MiningFunction::Regression | MiningFunction::TimeSeries => match head.math_context {
            crate::document::head::MathContext::Float => Kind::Float,
            crate::document::head::MathContext::Double => Kind::Double,
        },
        _ => Kind::Text,
    }
}

/// What becomes of raw predictions.
fn rules<'a>(compiler: &mut Compiler<'_, 'a>, head: &ModelHead<'a>, plan: &mut ModelPlan) -> Result<()> {
    let Some(targets) = &head.targets else { return Ok(()) };
    let only = plan.targets.len() == 1;
    for target in &targets.targets {
        let found = plan.targets.iter_mut().find(|known| match target.field {
            None => only,
            Some(name) => known.name.as_deref() == Some(name),
        });
        let Some(found) = found else { continue };
        found.rules = Some(Box::new(target_rules(compiler, target, found.kind)?));
    }
    Ok(())
}

fn target_rules<'a>(compiler: &mut Compiler<'_, 'a>, target: &Target<'a>, kind: Kind) -> Result<TargetRules> {
    let mut rules = TargetRules {
        min: target.min,
        max: target.max,
        factor: target.rescale_factor,
        constant: target.rescale_constant,
        cast_integer: target.cast_integer,
        ..TargetRules::default()
    };
    for value in &target.values {
        let Some(text) = value.value else {
            rules.default = rules.default.or(value.default_value);
            continue;
        };
        let Some(datum) = compiler.parse(kind, text) else {
            return Err(Fault::invalid(
                target.offset,
                format!("the target value {text:?} is not {}", kind.describe()),
            ));
        };
        rules.priors.push((datum, value.prior_probability));
        if let Some(display) = value.display {
            let code = compiler.text(display);
            rules.displays.push((datum, code));
        }
    }
    Ok(rules)
}
