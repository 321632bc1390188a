//! From a record in JSON to a row of a batch, and from scores to an answer in JSON.

use scorewheel_columns::{Auxiliary, Batch, Cell, DataType, Role, Schema, Scores, Value, temporal};
use scorewheel_pmml::value::{parsing, writing};
use serde_json::{Map, Number, Value as Json};

/// Appends a record: values by field name; null and absent fields are missing.
pub fn push(batch: &mut Batch, schema: &Schema, record: &Map<String, Json>) {
    let row = batch.rows();
    batch.resize(row + 1);
    for (index, field) in schema.fields().iter().enumerate() {
        let value = record.get(&*field.name).unwrap_or(&Json::Null);
        let column = batch.column_mut(index);
        match cell(&field.data_type, value) {
            Ok(value) => column.set(row, &value),
            Err((fault, text)) => column.set_fault(row, fault, &text),
        }
        column.end_list(row);
        if let (DataType::TextList, Json::Array(items)) = (&field.data_type, value) {
            for item in items {
                column.push_list_text(&text_of(item));
            }
            column.end_list(row);
            column.set_cell(row, Cell::Value);
        }
    }
}

/// A JSON value as a value of a type: strings are parsed, numbers become strings the Java way.
fn cell(data_type: &DataType, value: &Json) -> Result<Value, (Cell, String)> {
    let wrong = || Err((Cell::WrongType, value.to_string()));
    match (data_type, value) {
        (_, Json::Null) | (DataType::TextList, Json::Array(_)) => Ok(Value::Missing),
        (DataType::Text, _) => Ok(Value::from(&*text_of(value))),
        (_, Json::String(text)) => parse(data_type, text).ok_or((Cell::Unparsable, text.clone())),
        (DataType::F64, Json::Number(number)) => Ok(Value::F64(number.as_f64().unwrap())),
        (DataType::F32, Json::Number(number)) => Ok(Value::F32(number.as_f64().unwrap() as f32)),
        (DataType::I64, Json::Number(number)) => match number.as_f64().unwrap() {
            whole if whole.fract() == 0.0 => Ok(Value::I64(whole as i64)),
            _ => wrong(),
        },
        (DataType::Bool, Json::Bool(value)) => Ok(Value::Bool(*value)),
        (DataType::Bool, Json::Number(number)) => match number.as_f64() {
            Some(0.0) => Ok(Value::Bool(false)),
            Some(1.0) => Ok(Value::Bool(true)),
            _ => wrong(),
        },
        (DataType::F64, Json::Bool(value)) => Ok(Value::F64(f64::from(u8::from(*value)))),
        (DataType::I64, Json::Bool(value)) => Ok(Value::I64(i64::from(*value))),
        _ => wrong(),
    }
}

fn parse(data_type: &DataType, text: &str) -> Option<Value> {
    Some(match data_type {
        DataType::F64 => Value::F64(parsing::parse_double(text)?),
        DataType::F32 => Value::F32(parsing::parse_known(scorewheel_pmml::value::Kind::Float, text)? as f32),
        DataType::I64 => Value::I64(parsing::parse_integer(text)? as i64),
        DataType::Bool => {
            Value::Bool(parsing::parse_known(scorewheel_pmml::value::Kind::Boolean, text)? != 0.0)
        }
        DataType::Date => Value::Date(temporal::parse_date(text)?),
        DataType::Time => Value::Time(temporal::parse_time(text)?),
        DataType::DateTime => Value::DateTime(temporal::parse_date_time(text)?),
        _ => return None,
    })
}

fn text_of(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Number(number) if number.is_f64() => writing::double_text(number.as_f64().unwrap()),
        other => other.to_string(),
    }
}

/// The answer of a row as the command `score` writes it.
pub fn answer(scores: &Scores, row: usize) -> Json {
    let name = |column: usize| scores.schema().fields[column].name.as_deref().unwrap_or("null").to_owned();
    let (mut out, mut aux) = (Map::new(), Map::new());
    for (column, field) in scores.schema().fields.iter().enumerate() {
        let value = json(&scores.get(column, row));
        match &field.role {
            Role::Target => {
                out.insert(name(column), value);
            }
            Role::Output => {
                if !value.is_null() || !out.contains_key(&name(column)) {
                    out.insert(name(column), value);
                }
            }
            Role::Auxiliary { target, what } => {
                if value.is_null() {
                    continue;
                }
                let figures = aux.entry(name(*target)).or_insert_with(|| Json::Object(Map::new()));
                figures.as_object_mut().unwrap().insert(key(*what).to_owned(), value);
            }
        }
    }
    let mut answer = Map::new();
    answer.insert("out".to_owned(), Json::Object(out));
    if !aux.is_empty() {
        answer.insert("aux".to_owned(), Json::Object(aux));
    }
    Json::Object(answer)
}

fn key(what: Auxiliary) -> &'static str {
    what.as_str()
}

fn json(value: &Value) -> Json {
    let number = |value: f64| match Number::from_f64(value) {
        Some(number) => Json::Number(number),
        None if value.is_nan() => Json::from("NaN"),
        None => Json::from(if value > 0.0 { "Infinity" } else { "-Infinity" }),
    };
    let written = |write: &dyn Fn(&mut String) -> std::fmt::Result| {
        let mut text = String::new();
        write(&mut text).unwrap();
        Json::from(text)
    };
    match value {
        Value::Missing => Json::Null,
        Value::F64(value) => number(*value),
        Value::F32(value) => number(value.to_string().parse().unwrap()),
        Value::I64(value) => Json::from(*value),
        Value::Bool(value) => Json::from(*value),
        Value::Text(value) => Json::from(&**value),
        Value::Date(days) => written(&|out| temporal::write_date(out, *days)),
        Value::Time(micros) => written(&|out| temporal::write_time(out, *micros)),
        Value::DateTime(micros) => written(&|out| temporal::write_date_time(out, *micros)),
        Value::List(items) => Json::Array(items.iter().map(json).collect()),
        Value::Map(items) => {
            Json::Object(items.iter().map(|(name, value)| (name.to_string(), json(value))).collect())
        }
    }
}
