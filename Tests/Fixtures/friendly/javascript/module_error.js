try { require('./nothing'); } catch (error) { console.log(error.code); }
import('./also-nothing.mjs').catch((error) => console.log(error.code));
