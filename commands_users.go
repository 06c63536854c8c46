package quintet

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/orm"
)

// attempts is how often a wrong answer may be given before a command gives up.
const attempts = 3

func (a *App) createSuperuserCommand() *cobra.Command {
	var n identity.NewUser
	var noInput bool
	cmd := &cobra.Command{
		Use:   "createsuperuser",
		Short: "Make an account that may do everything",
		Long: "Asks for what it is not told. With --no-input it takes DJANGO_SUPERUSER_USERNAME, _EMAIL and _PASSWORD\n" +
			"(or QUINTET_SUPERUSER_…) from the environment; without a password the account cannot log in until it has one.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.opened(cmd, func(ctx context.Context) error {
				return a.runCreateSuperuser(ctx, newPrompt(cmd), n, noInput)
			})
		},
	}
	cmd.Flags().StringVar(&n.Username, "username", "", "name of the account")
	cmd.Flags().StringVar(&n.Email, "email", "", "e-mail address")
	cmd.Flags().BoolVar(&noInput, "no-input", false, "ask nothing")
	cmd.Flags().BoolVar(&noInput, "noinput", false, "ask nothing")
	_ = cmd.Flags().MarkHidden("noinput") // the flag exists
	return cmd
}

func (a *App) runCreateSuperuser(ctx context.Context, p *prompt, n identity.NewUser, noInput bool) error {
	set := settings(a.options.environ())
	n.Username = firstOf(n.Username, superuserSetting(set, "USERNAME"))
	n.Email = firstOf(n.Email, superuserSetting(set, "EMAIL"))
	n.Password = superuserSetting(set, "PASSWORD")
	if noInput {
		if n.Username == "" {
			return errors.New("createsuperuser --no-input needs a name: give --username or set DJANGO_SUPERUSER_USERNAME")
		}
	} else if err := a.askSuperuser(ctx, p, &n); err != nil {
		return err
	}
	return a.storeSuperuser(ctx, p.out, n)
}

// superuserSetting reads Django's variable or ours of the same meaning.
func superuserSetting(set map[string]string, name string) string {
	return firstOf(set["QUINTET_SUPERUSER_"+name], set["DJANGO_SUPERUSER_"+name])
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

func (a *App) storeSuperuser(ctx context.Context, out io.Writer, n identity.NewUser) error {
	if err := identity.ValidateUsername(n.Username); err != nil {
		return fmt.Errorf("username %q: %w", n.Username, err)
	}
	user, err := a.users.CreateSuperuser(ctx, n)
	if isTaken(err) {
		return fmt.Errorf("the username %q is taken; choose another one, or use changepassword", n.Username)
	}
	if err != nil {
		return err
	}
	if !user.HasUsablePassword() {
		fmt.Fprintf(out, "%s has no password yet: use changepassword.\n", user.Username)
	}
	_, err = fmt.Fprintf(out, "Superuser %s created.\n", user.Username)
	return err
}

// isTaken tells whether a unique constraint refused the row.
func isTaken(err error) bool {
	var c *orm.ConstraintError
	return err != nil && errors.As(orm.Translate(err), &c) && c.Kind == orm.UniqueViolation
}

// askSuperuser asks for what is missing.
func (a *App) askSuperuser(ctx context.Context, p *prompt, n *identity.NewUser) error {
	ask := func(label string, value *string, check func(string) error) error {
		if *value != "" {
			return nil
		}
		answer, err := p.line(label, check)
		*value = answer
		return err
	}
	if err := ask("Username", &n.Username, func(name string) error { return a.freeName(ctx, name) }); err != nil {
		return err
	}
	if err := ask("E-mail address", &n.Email, func(string) error { return nil }); err != nil {
		return err
	}
	if n.Password != "" {
		return nil
	}
	password, err := a.askPassword(p, &identity.User{Username: n.Username, Email: n.Email})
	n.Password = password
	return err
}

func (a *App) freeName(ctx context.Context, name string) error {
	if err := identity.ValidateUsername(name); err != nil {
		return err
	}
	_, err := a.users.ByUsername(ctx, identity.NormalizeUsername(name))
	if errors.Is(err, identity.ErrNoUser) {
		return nil
	}
	if err == nil {
		err = errors.New("that username is taken")
	}
	return err
}

// askPassword asks twice, and whether a weak password is meant.
func (a *App) askPassword(p *prompt, user *identity.User) (string, error) {
	for range attempts {
		first, err := p.secret("Password: ")
		if err != nil {
			return "", err
		}
		second, err := p.secret("Password (again): ")
		if err != nil {
			return "", err
		}
		if reason := a.refusal(first, second, user); reason == nil || p.insists(reason) {
			return first, nil
		}
	}
	return "", fmt.Errorf("no password after %d attempts", attempts)
}

// errUnusable says why two answers give no password at all.
var errUnusable = errors.New("not usable")

func (a *App) refusal(first, second string, user *identity.User) error {
	switch {
	case first != second:
		return fmt.Errorf("%w: the two passwords differ", errUnusable)
	case strings.TrimSpace(first) == "":
		return fmt.Errorf("%w: a blank password", errUnusable)
	}
	return a.users.ValidatePassword(first, user)
}

func (a *App) changePasswordCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "changepassword [username]",
		Short: "Set the password of an account (default: the one named as the user of this machine)",
		Long:  "Asks for the new password twice. Sessions of the account end.",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := os.Getenv("USER")
			if len(args) == 1 {
				name = args[0]
			}
			return a.opened(cmd, func(ctx context.Context) error { return a.runChangePassword(ctx, newPrompt(cmd), name) })
		},
	}
}

func (a *App) runChangePassword(ctx context.Context, p *prompt, name string) error {
	user, err := a.users.ByUsername(ctx, name)
	if errors.Is(err, identity.ErrNoUser) {
		return fmt.Errorf("there is no account named %q", name)
	}
	if err != nil {
		return err
	}
	password, err := a.askPassword(p, user)
	if err != nil {
		return err
	}
	if err := a.users.SetPassword(ctx, user, password); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.out, "Password of %s changed.\n", user.Username)
	return err
}

// prompt asks questions on standard input and output.
type prompt struct {
	in    *bufio.Reader
	out   io.Writer
	quiet func() (restore func(), err error) // turns the echo of what is typed off
}

func newPrompt(cmd *cobra.Command) *prompt {
	p := &prompt{in: bufio.NewReader(cmd.InOrStdin()), out: cmd.OutOrStdout(), quiet: noEcho}
	if f, ok := cmd.InOrStdin().(*os.File); ok {
		p.quiet = func() (func(), error) { return echoOff(f) }
	}
	return p
}

// noEcho is for input that is no terminal: nothing is echoed there.
func noEcho() (func(), error) { return func() {}, nil }

// line asks until check is content.
func (p *prompt) line(label string, check func(string) error) (string, error) {
	for range attempts {
		fmt.Fprintf(p.out, "%s: ", label)
		answer, err := p.read()
		if err != nil {
			return "", err
		}
		if err = check(answer); err == nil {
			return answer, nil
		}
		fmt.Fprintln(p.out, "Error:", err)
	}
	return "", fmt.Errorf("%s: no usable answer after %d attempts", strings.ToLower(label), attempts)
}

// secret asks without showing the answer.
func (p *prompt) secret(label string) (string, error) {
	fmt.Fprint(p.out, label)
	restore, err := p.quiet()
	if err != nil {
		return "", err
	}
	defer fmt.Fprintln(p.out)
	defer restore()
	return p.read()
}

// insists shows why a password is refused and asks whether it is meant all the same.
func (p *prompt) insists(reason error) bool {
	var weak *identity.PasswordError
	if !errors.As(reason, &weak) {
		fmt.Fprintln(p.out, "Error:", reason)
		return false
	}
	for _, message := range weak.Messages() {
		fmt.Fprintln(p.out, message)
	}
	fmt.Fprint(p.out, "Use this password all the same? [y/N]: ")
	answer, err := p.read()
	return err == nil && strings.EqualFold(answer, "y")
}

func (p *prompt) read() (string, error) {
	line, err := p.in.ReadString('\n')
	if errors.Is(err, io.EOF) && line != "" {
		err = nil
	}
	if errors.Is(err, io.EOF) {
		err = errors.New("nothing more to read from standard input: answer the questions, or use --no-input")
	}
	return strings.TrimRight(line, "\r\n"), err
}
