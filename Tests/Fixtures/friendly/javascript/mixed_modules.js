const { area } = require('./shapes');
import('./squares.mjs').then(({ default: square, url }) => console.log(area(2), square(3), url));
