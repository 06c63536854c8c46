package quintet

import (
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

// healthCheckTimeout leaves the server its own readyTimeout.
const healthCheckTimeout = 3 * time.Second

func (a *App) healthCheckCommand() *cobra.Command {
	var live bool
	cmd := &cobra.Command{
		Use:   "healthcheck",
		Short: "Ask the server on QUINTET_ADDR whether it is ready; exit status 1 when not",
		Long:  "For a container's HEALTHCHECK, where there is no curl.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := LoadConfig(a.options.environ())
			if err != nil {
				return err
			}
			path := readyPath
			if live {
				path = healthPath
			}
			return askHealth(cmd, "http://"+reachable(config.Addr)+path)
		},
	}
	cmd.Flags().BoolVar(&live, "live", false, "only ask whether it lives, not whether its database answers")
	return cmd
}

func askHealth(cmd *cobra.Command, url string) error {
	client := &http.Client{Timeout: healthCheckTimeout, Transport: &http.Transport{}} // no proxy from the environment
	request, err := http.NewRequestWithContext(commandContext(cmd), http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, response.Status)
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), "ok")
	return err
}
