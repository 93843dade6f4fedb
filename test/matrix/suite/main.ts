import './boot.suite.js';
import './client.suite.js';
import './handlers.suite.js';
import './servers.suite.js';
import './sessions.suite.js';
import './versions.suite.js';
import './ways.suite.js';
