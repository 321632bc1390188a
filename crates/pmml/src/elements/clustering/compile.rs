//! `ClusteringModel` compiled: centres in one array, typed by their fields.

use crate::compile::{Compiled, ModelContext};
use crate::document::MiningFunction;
use crate::elements::ElementPlan;
use crate::elements::clustering::read::{Cluster, Document, ModelClass};
use crate::elements::measure::{FieldPlan, Measure, Points, compile_field};
use crate::fault::{Fault, Result};
use crate::plan::model::{Entities, Figures};
use crate::reader::element::parse_number;
use crate::value::Datum;

/// A compiled `ClusteringModel`.
#[derive(Debug)]
pub struct Plan {
    /// How near a row is to a centre.
    pub measure: Measure,
    /// The centres, one value a field.
    pub centers: Points,
    /// The prediction by cluster.
    pub names: Box<[Datum]>,
}

/// Compiles a `ClusteringModel`.
pub fn compile<'d, 'a>(
    document: &'d Document<'a>,
    context: &mut ModelContext<'_, 'd, 'a>,
) -> Result<Compiled> {
    if context.head.function != MiningFunction::Clustering {
        return Err(Fault::invalid(context.head.offset, "a ClusteringModel is for clustering"));
    }
    if document.model_class == ModelClass::DistributionBased {
        let message = "modelClass=\"distributionBased\" is not supported; supported is \"centerBased\"";
        return Err(Fault::unsupported(context.head.offset, message));
    }
    let mut fields = Vec::new();
    if document.fields.is_empty() {
        for field in &document.center_fields {
            let slot = context.derived(field)?;
            let is_number = context.kind(slot).counts();
            let compare = document.measure.compare_function;
            let is_suited = !document.measure.is_unsuited();
            fields.push(FieldPlan {
                slot,
                weight: 1.0,
                compare,
                is_suited,
                scale: 1.0,
                table: None,
                table_values: Box::default(),
                is_number,
            });
        }
    }
    for field in document.fields.iter().filter(|field| field.is_center_field) {
        let mut plan = compile_field(field, &document.measure, context)?;
        // In old versions the names of fields may be those of derived ones that stand in the model.
        if let Some(derived) = document.center_fields.iter().find(|derived| derived.name == Some(field.field))
        {
            plan.slot = context.derived(derived)?;
            plan.is_number = context.kind(plan.slot).counts();
        }
        fields.push(plan);
    }
    if fields.is_empty() {
        return Err(Fault::invalid(
            context.head.offset,
            "a ClusteringModel needs the element ClusteringField",
        ));
    }
    let missing_weights = match &document.missing_weights {
        Some(weights) if weights.len() == fields.len() => weights.clone(),
        Some(weights) => {
            let message = format!("{} MissingValueWeights for {} fields", weights.len(), fields.len());
            return Err(Fault::invalid(context.head.offset, message));
        }
        None => vec![1.0; fields.len()],
    };
    let mut centers = Vec::with_capacity(fields.len() * document.clusters.len());
    for cluster in &document.clusters {
        compile_center(cluster, &fields, context, &mut centers)?;
    }
    let names: Vec<u32> = document
        .clusters
        .iter()
        .enumerate()
        .map(|(index, cluster)| match cluster.id {
            Some(id) => context.text(id),
            None => context.text(&(index + 1).to_string()),
        })
        .collect();
    let place = context.place("ComparisonMeasure");
    let function = document.measure.function;
    let centers = Points::new(&centers, fields.len());
    let plan = Plan {
        measure: Measure {
            function,
            fields: fields.into(),
            missing_weights: missing_weights.into(),
            ranked: usize::MAX,
            place,
        },
        centers,
        names: names.iter().map(|code| Datum::text(*code)).collect(),
    };
    let mut displays = Vec::new();
    for (cluster, code) in document.clusters.iter().zip(&names) {
        if let Some(name) = cluster.name {
            displays.push((Datum::text(*code), context.text(name)));
        }
    }
    let figures = Figures { affinity: true, entity: true, ranking: true, ..Figures::default() };
    let entities = Entities::Named(names.into());
    Ok(Compiled { entities, figures, displays, ..Compiled::new(ElementPlan::Clustering(Box::new(plan))) })
}

fn compile_center<'a>(
    cluster: &Cluster<'a>,
    fields: &[FieldPlan],
    context: &mut ModelContext<'_, '_, 'a>,
    centers: &mut Vec<f64>,
) -> Result<()> {
    let Some(center) = &cluster.center else {
        return Err(Fault::invalid(cluster.offset, "Cluster needs the element Array"));
    };
    if center.entries.len() != fields.len() {
        let message = format!(
            "the centre of a Cluster has {} entries for {} fields",
            center.entries.len(),
            fields.len()
        );
        return Err(Fault::invalid(cluster.offset, message));
    }
    for (entry, field) in center.entries.iter().zip(fields) {
        centers.push(if field.is_number {
            parse_number(entry).ok_or_else(|| {
                Fault::invalid(
                    cluster.offset,
                    format!("{entry:?} in the centre of a Cluster is not a number"),
                )
            })?
        } else {
            context.value_of(field.slot, entry)
        });
    }
    Ok(())
}
