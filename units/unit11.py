# %% [markdown]
# # Unit 11. Generative models: new samples out of noise
#
# ## From autoencoder to VAE
#
# ## The reparameterization trick
#
# $$z = \mu + e^{\ell / 2} \, \epsilon, \qquad \epsilon \sim N(0, I), \quad \ell = \ln \sigma^2 \tag{11.1}$$
#
# ## The evidence lower bound
#
# $$\mathrm{KL}\big(N(\mu, \sigma^2) \,\|\, N(0, I)\big) = \frac12 \sum_j \big(\mu_j^2 + e^{\ell_j} - \ell_j - 1\big)
# \tag{11.2}$$
#
# $$\mathrm{ELBO} = \frac1n \sum_i \Big[ \ln N(x_i;\, \hat x_i, s^2 I) - \beta\, \mathrm{KL}_i \Big] \tag{11.3}$$
#
# ## Adding noise step by step
#
# Times are the indices of arrays, $t = 0, \dots, T - 1$. The share of the signal's variance that is left after time $t$
# is $\bar\alpha_t$; before the first step it is $\bar\alpha_{-1} = 1$.
#
# $$f(u) = \cos^2\Big(\frac{u + 0.008}{1.008} \cdot \frac{\pi}{2}\Big), \qquad
# \beta_t = \min\Big(1 - \frac{f((t + 1)/T)}{f(t/T)},\; 0.999\Big), \qquad
# \bar\alpha_t = \prod_{s \le t} (1 - \beta_s) \tag{11.4}$$
#
# $$x_t = \sqrt{\bar\alpha_t}\; x + \sqrt{1 - \bar\alpha_t}\; \epsilon \tag{11.5}$$
#
# ## Learning to predict the noise
#
# $$\mathcal L = \mathrm{mean} \; \big(\hat\epsilon(x_t, t) - \epsilon\big)^2 \tag{11.6}$$
#
# ## Walking back
#
# $$x_{t-1} = \frac{1}{\sqrt{\alpha_t}} \Big( x_t - \frac{\beta_t}{\sqrt{1 - \bar\alpha_t}}\, \hat\epsilon \Big)
# + \sigma_t z, \qquad \alpha_t = \frac{\bar\alpha_t}{\bar\alpha_{t-1}}, \quad \beta_t = 1 - \alpha_t, \quad
# \sigma_t^2 = \beta_t \, \frac{1 - \bar\alpha_{t-1}}{1 - \bar\alpha_t} \tag{11.7}$$
#
# ## Fewer steps with DDIM
#
# ## Guidance
#
# $$\hat\epsilon = (1 + w)\, \hat\epsilon(x_t, t, c) - w\, \hat\epsilon(x_t, t, \varnothing) \tag{11.8}$$
#
# ## Four families on one density
#
# ## Likelihoods side by side
#
# ## Microstructures and alloys by design
#
# ## What to take home
