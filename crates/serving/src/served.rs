//! What a task keeps for each model that it asks: its working memory, and whether it fails on its records.

use scorewheel_model::Scratch;

use crate::decoder::DataTypeIndex;
use crate::failure::FailureWindow;
use crate::policy::FailureShare;
use crate::revision::Revision;

/// What is kept of one model of one route; gone when the model is.
pub(crate) struct Served {
    serial: u64,
    /// None before the first batch and after a panic.
    pub scratch: Option<Scratch>,
    pub window: FailureWindow,
    /// An alarm was raised and the model has not recovered since.
    pub alarmed: bool,
}

/// The models of all routes, each route's in the order in which they are asked.
pub(crate) struct ServedModels {
    by_route: Vec<Vec<Served>>,
    share: FailureShare,
    several: bool,
}

impl ServedModels {
    pub fn new(routes: usize, share: FailureShare) -> Self {
        Self { by_route: (0..routes).map(|_| Vec::new()).collect(), share, several: false }
    }

    /// Takes over another revision: `routes` are the indexes of each route's models.
    pub fn follow(&mut self, revision: &Revision, routes: &[&[usize]]) {
        self.several = false;
        for (served, models) in self.by_route.iter_mut().zip(routes) {
            self.several |= models.len() > 1;
            let serials = models.iter().map(|model| revision.models()[*model].serial());
            if served.iter().map(|served| served.serial).eq(serials.clone()) {
                continue;
            }
            let mut before = std::mem::take(served);
            let share = self.share;
            served.extend(serials.map(|serial| {
                let known = before.iter().position(|served| served.serial == serial);
                known.map_or_else(
                    || Served { serial, scratch: None, window: FailureWindow::new(share), alarmed: false },
                    |at| before.swap_remove(at),
                )
            }));
        }
    }

    /// True if any route asks more than one model.
    pub fn several(&self) -> bool {
        self.several
    }

    /// How many models the route asks.
    pub fn count(&self, data_type: DataTypeIndex) -> u32 {
        self.by_route[data_type].len() as u32
    }

    /// The route's model at this position, from 0.
    pub fn at(&mut self, data_type: DataTypeIndex, position: usize) -> &mut Served {
        &mut self.by_route[data_type][position]
    }

    /// Forgets which rows failed.
    pub fn clear_windows(&mut self) {
        self.by_route.iter_mut().flatten().for_each(|served| served.window.clear());
    }
}
