// Starts the officers' app.
import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import './generated/theme.css';
import './ui/ui.css';
import { createRoot } from 'react-dom/client';
import { App } from './app/App';
import { savedLanguage, startI18n } from './i18n';

startI18n(savedLanguage());
const root = document.getElementById('root');
if (root !== null) createRoot(root).render(<App />);
