//! Resizing of images and the like, one dimension after the other.

use scorewheel_model::ModelError;

use crate::data::Data;
use crate::element::{ElementType, Storage};
use crate::error::{invalid, unsupported};
use crate::operators::context::{axis, check_shape, length};
use crate::operators::softmax::around;
use crate::operators::{Built, Computation, NodeContext};
use crate::tensor::TensorType;

/// How positions of the output correspond to positions of the input.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Coordinates {
    HalfPixel,
    HalfPixelSymmetric,
    PytorchHalfPixel,
    AlignCorners,
    Asymmetric,
    TfHalfPixelForNearest,
    CropAndResize,
}

/// What lies between elements.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mode {
    Nearest(Rounding),
    Linear,
    Cubic { a: f64 },
}

/// Which of two elements is the nearest.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Rounding {
    HalfDown,
    HalfUp,
    Down,
    Up,
}

/// One dimension being resized.
struct Side {
    dimension: usize,
    input: usize,
    output: usize,
    scale: f64,
    /// Start and end of the region of interest, for crops.
    region: (f64, f64),
}

struct Rules {
    coordinates: Coordinates,
    mode: Mode,
    antialias: bool,
    exclude_outside: bool,
    extrapolation: f32,
}

/// For every position of the output, the elements of the input and their weights; empty where there is none.
type Taps = Vec<Vec<(usize, f32)>>;

impl Rules {
    fn taps(&self, side: &Side) -> Taps {
        (0..side.output)
            .map(|at| {
                let x = self.position(side, at as f64);
                let outside = x < 0.0 || x > (side.input as f64 - 1.0);
                if self.coordinates == Coordinates::CropAndResize && outside {
                    return Vec::new();
                }
                match self.mode {
                    Mode::Nearest(rounding) => {
                        let nearest = match rounding {
                            Rounding::HalfDown => libm::ceil(x - 0.5),
                            Rounding::HalfUp => libm::floor(x + 0.5),
                            Rounding::Down => libm::floor(x),
                            Rounding::Up => libm::ceil(x),
                        };
                        vec![(nearest.clamp(0.0, side.input as f64 - 1.0) as usize, 1.0)]
                    }
                    Mode::Linear => self.weighted(side, x, 1.0, |t| (1.0 - t.abs()).max(0.0)),
                    Mode::Cubic { a } => self.weighted(side, x, 2.0, |t| cubic(t.abs(), a)),
                }
            })
            .collect()
    }

    /// Elements within `reach` of a position; shrinking widens the filter if it is to smooth.
    fn weighted(&self, side: &Side, x: f64, reach: f64, filter: impl Fn(f64) -> f64) -> Vec<(usize, f32)> {
        let stretch = if self.antialias && side.scale < 1.0 { side.scale } else { 1.0 };
        let reach = reach / stretch;
        let first = libm::floor(x - reach) as i64;
        let last = libm::ceil(x + reach) as i64;
        let mut taps: Vec<(i64, f64)> = (first..=last)
            .map(|at| (at, filter((x - at as f64) * stretch)))
            .filter(|(_, weight)| *weight != 0.0)
            .collect();
        let last_input = side.input as i64 - 1;
        if self.exclude_outside || self.antialias {
            taps.retain(|(at, _)| (0..=last_input).contains(at));
        }
        if self.exclude_outside || self.antialias {
            let total: f64 = taps.iter().map(|(_, weight)| weight).sum();
            if total != 0.0 {
                taps.iter_mut().for_each(|(_, weight)| *weight /= total);
            }
        }
        let mut merged: Vec<(usize, f32)> = Vec::new();
        for (at, weight) in taps {
            let at = at.clamp(0, last_input) as usize;
            match merged.iter_mut().find(|(known, _)| *known == at) {
                Some((_, so_far)) => *so_far += weight as f32,
                None => merged.push((at, weight as f32)),
            }
        }
        merged
    }

    fn position(&self, side: &Side, at: f64) -> f64 {
        let (input, output) = (side.input as f64, side.output as f64);
        match self.coordinates {
            Coordinates::HalfPixel => (at + 0.5) / side.scale - 0.5,
            Coordinates::HalfPixelSymmetric => {
                let adjustment = output / (side.scale * input);
                let offset = input / 2.0 * (1.0 - adjustment);
                offset + (at + 0.5) / side.scale - 0.5
            }
            Coordinates::PytorchHalfPixel if side.output == 1 => 0.0,
            Coordinates::PytorchHalfPixel => (at + 0.5) / side.scale - 0.5,
            Coordinates::AlignCorners if side.output == 1 => 0.0,
            Coordinates::AlignCorners => at * (input - 1.0) / (output - 1.0),
            Coordinates::Asymmetric => at / side.scale,
            Coordinates::TfHalfPixelForNearest => (at + 0.5) / side.scale,
            Coordinates::CropAndResize => {
                let (start, end) = side.region;
                if side.output > 1 {
                    start * (input - 1.0) + at * (end - start) * (input - 1.0) / (output - 1.0)
                } else {
                    0.5 * (start + end) * (input - 1.0)
                }
            }
        }
    }
}

fn cubic(t: f64, a: f64) -> f64 {
    if t < 1.0 {
        (a + 2.0) * t * t * t - (a + 3.0) * t * t + 1.0
    } else if t < 2.0 {
        a * t * t * t - 5.0 * a * t * t + 8.0 * a * t - 4.0 * a
    } else {
        0.0
    }
}

/// `Resize`, `Upsample`.
pub(crate) fn build(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let attributes = context.attributes();
    let rank = input.rank();
    let text = |name: &str| attributes.text(name).map(|text| text.map(|text| text.to_string()));
    let upsample = context.operator() == "Upsample";
    let old = upsample || context.version() < 11;
    let dimensions = match attributes.integers("axes")? {
        Some(list) => list.iter().map(|index| axis(*index, rank)).collect::<Result<Vec<_>, _>>()?,
        None => (0..rank).collect(),
    };
    let (scales_at, sizes_at) = if old { (1, 9) } else { (2, 3) };
    let floats = |index: usize| -> Result<Option<Vec<f64>>, ModelError> {
        match context.optional(index) {
            Some(input) if !input.tensor_type.is_empty() => {
                Ok(context.constant(index, "the size of Resize")?.data.to_f64())
            }
            _ => Ok(None),
        }
    };
    let scales = match floats(scales_at)? {
        Some(scales) => Some(scales),
        None => attributes.floats("scales")?.map(|list| list.iter().map(|v| f64::from(*v)).collect()),
    };
    let sizes = floats(sizes_at)?;
    let region = if old { None } else { floats(1)? };
    let coordinates = match text("coordinate_transformation_mode")?.as_deref() {
        _ if old => Coordinates::Asymmetric,
        None | Some("half_pixel") => Coordinates::HalfPixel,
        Some("half_pixel_symmetric") => Coordinates::HalfPixelSymmetric,
        Some("pytorch_half_pixel") => Coordinates::PytorchHalfPixel,
        Some("align_corners") => Coordinates::AlignCorners,
        Some("asymmetric") => Coordinates::Asymmetric,
        Some("tf_half_pixel_for_nn") => Coordinates::TfHalfPixelForNearest,
        Some("tf_crop_and_resize") => Coordinates::CropAndResize,
        Some(other) => return Err(unsupported(format!("coordinates by {other:?}"))),
    };
    let rounding = match text("nearest_mode")?.as_deref() {
        _ if old => Rounding::Down,
        None | Some("round_prefer_floor") => Rounding::HalfDown,
        Some("round_prefer_ceil") => Rounding::HalfUp,
        Some("floor") => Rounding::Down,
        Some("ceil") => Rounding::Up,
        Some(other) => return Err(unsupported(format!("the nearest by {other:?}"))),
    };
    let mode = match text("mode")?.as_deref() {
        None | Some("nearest") => Mode::Nearest(rounding),
        Some("linear" | "bilinear") => Mode::Linear,
        Some("cubic") => Mode::Cubic { a: f64::from(attributes.float_or("cubic_coeff_a", -0.75)?) },
        Some(other) => return Err(unsupported(format!("resizing by {other:?}"))),
    };
    let rules = Rules {
        coordinates,
        mode,
        antialias: attributes.flag_or("antialias", false)?,
        exclude_outside: attributes.flag_or("exclude_outside", false)?,
        extrapolation: attributes.float_or("extrapolation_value", 0.0)?,
    };
    let policy = text("keep_aspect_ratio_policy")?;
    let mut sides = Vec::new();
    let common = match (&sizes, policy.as_deref()) {
        (Some(sizes), Some(policy @ ("not_larger" | "not_smaller"))) => {
            let ratios = sizes.iter().zip(&dimensions).map(|(size, d)| size / input.shape()[*d] as f64);
            Some(if policy == "not_larger" {
                ratios.fold(f64::INFINITY, f64::min)
            } else {
                ratios.fold(0.0, f64::max)
            })
        }
        _ => None,
    };
    for (index, dimension) in dimensions.iter().enumerate() {
        let from = input.shape()[*dimension];
        let (output, scale) = match (&sizes, &scales, common) {
            (Some(_), _, Some(ratio)) => (libm::floor(ratio * from as f64 + 0.5), ratio),
            (Some(sizes), _, None) => {
                let size = *sizes.get(index).ok_or_else(|| invalid("too few sizes"))?;
                (size, size / from as f64)
            }
            (None, Some(scales), _) => {
                let scale = *scales.get(index).ok_or_else(|| invalid("too few scales"))?;
                let span = match (&region, rules.coordinates) {
                    (Some(region), Coordinates::CropAndResize) => {
                        let count = dimensions.len();
                        region.get(index + count).unwrap_or(&1.0) - region.get(index).unwrap_or(&0.0)
                    }
                    _ => 1.0,
                };
                (libm::floor(from as f64 * span * scale), scale)
            }
            (None, None, _) => return Err(invalid("Resize without scales or sizes")),
        };
        let output = length(output.clamp(-1.0, 1e12) as i64, "a resized dimension")?;
        let region = match &region {
            Some(list) if list.len() == 2 * dimensions.len() => (list[index], list[index + dimensions.len()]),
            _ => (0.0, 1.0),
        };
        sides.push(Side { dimension: *dimension, input: from, output, scale, region });
    }
    resized(context, sides, &rules, input.element())
}

/// `ResizeBilinear`, `ResizeNearestNeighbor`, `ResizeBicubic` of TensorFlow.
pub(crate) fn image(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let attributes = context.attributes();
    let [_, height, width, _] = *input.shape() else {
        return Err(invalid("an image with other than 4 dimensions"));
    };
    let sizes = context.integers(1, "the size of an image")?;
    let [to_height, to_width] = *sizes else {
        return Err(invalid("the size of an image has other than 2 numbers"));
    };
    let corners = attributes.flag_or("align_corners", false)?;
    let half = attributes.flag_or("half_pixel_centers", false)?;
    let nearest = context.operator() == "ResizeNearestNeighbor";
    let coordinates = match (corners, half, nearest) {
        (true, _, _) => Coordinates::AlignCorners,
        (false, true, true) => Coordinates::TfHalfPixelForNearest,
        (false, true, false) => Coordinates::HalfPixel,
        (false, false, _) => Coordinates::Asymmetric,
    };
    let mode = match context.operator() {
        "ResizeNearestNeighbor" if corners => Mode::Nearest(Rounding::HalfUp),
        "ResizeNearestNeighbor" => Mode::Nearest(Rounding::Down),
        "ResizeBilinear" => Mode::Linear,
        _ if half => Mode::Cubic { a: -0.5 },
        _ => Mode::Cubic { a: -0.75 },
    };
    let rules =
        Rules { coordinates, mode, antialias: false, exclude_outside: half && !nearest, extrapolation: 0.0 };
    let rules = Rules { exclude_outside: matches!(mode, Mode::Cubic { .. }) && half, ..rules };
    let side = |dimension: usize, input: usize, to: i64| -> Result<Side, ModelError> {
        let output = length(to, "a resized dimension")?;
        Ok(Side { dimension, input, output, scale: output as f64 / input as f64, region: (0.0, 1.0) })
    };
    let sides = vec![side(1, height, to_height)?, side(2, width, to_width)?];
    // TensorFlow gives f32 whatever goes in, unless it only picks elements.
    let element = if nearest { input.element() } else { ElementType::F32 };
    resized(context, sides, &rules, element)
}

fn resized(
    context: &NodeContext<'_>,
    sides: Vec<Side>,
    rules: &Rules,
    element: ElementType,
) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let mut shape = input.shape().to_vec();
    let mut passes: Vec<([usize; 3], Taps)> = Vec::new();
    for side in sides {
        if side.input == 0 || side.output == 0 || !side.scale.is_finite() || side.scale <= 0.0 {
            return Err(invalid(format!("{} elements resized to {}", side.input, side.output)));
        }
        let untouched =
            side.input == side.output && side.scale == 1.0 && rules.coordinates != Coordinates::CropAndResize;
        if untouched && side.region == (0.0, 1.0) {
            continue;
        }
        let (outer, _, inner) = around(&shape, side.dimension, side.dimension + 1);
        if side.output > 1 << 24 {
            return Err(crate::error::too_large("a resized dimension is too long"));
        }
        let taps = rules.taps(&side);
        shape[side.dimension] = side.output;
        check_shape(&shape)?;
        passes.push(([outer, side.input, inner], taps));
    }
    let picks = matches!(rules.mode, Mode::Nearest(_)) && rules.coordinates != Coordinates::CropAndResize;
    let output = TensorType::new(element, shape);
    if picks && element == input.element() {
        return Ok(Computation::one(output, move |inputs, outputs, _| {
            let mut current = inputs[0].clone();
            for ([outer, length, inner], taps) in &passes {
                let mut next = outputs[0].clone();
                next.resize(outer * taps.len() * inner);
                let mut at = 0;
                for outer in 0..*outer {
                    for tap in taps {
                        let from = tap.first().map_or(0, |(from, _)| *from);
                        next.copy_range(at, &current, (outer * length + from) * inner, *inner);
                        at += inner;
                    }
                }
                current = next;
            }
            outputs[0] = current;
            Ok(())
        }));
    }
    if element != ElementType::F32 {
        context.storage(0, &[Storage::F32])?;
    }
    let extrapolation = rules.extrapolation;
    Ok(Computation::one(output, move |inputs, outputs, _| {
        let mut current: Vec<f32> = match inputs[0] {
            Data::F32(values) => values.clone(),
            other => other.to_f64().unwrap_or_default().iter().map(|value| *value as f32).collect(),
        };
        for ([outer, length, inner], taps) in &passes {
            let mut next = vec![0.0f32; outer * taps.len() * inner];
            for (line, out) in next.chunks_exact_mut((*inner).max(1)).enumerate() {
                let (outer, tap) = (line / taps.len(), &taps[line % taps.len()]);
                if tap.is_empty() {
                    out.fill(extrapolation);
                }
                for (from, weight) in tap {
                    let start = (outer * length + from) * inner;
                    for (out, value) in out.iter_mut().zip(&current[start..start + inner]) {
                        *out += value * weight;
                    }
                }
            }
            current = next;
        }
        outputs[0].f32_mut().copy_from_slice(&current);
        Ok(())
    }))
}
