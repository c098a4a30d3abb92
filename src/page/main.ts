import { drawCharts, redrawCharts } from './charts.js';
import { offerCopies } from './copy.js';
import { offerSave } from './save.js';
import { offerThemes } from './theme.js';

// The page is whole without this script, but for its charts: what the script adds is offered only where it runs.
offerSave();
offerThemes(redrawCharts);
offerCopies();
drawCharts();
